/// A ``Shaping`` at work for one start of a sensor: what its steps remember, for each quantity.
struct Shaper: Sendable {
    enum Result: Sendable, Hashable {
        case passed(Measurement)
        /// It cannot be.
        case rejected
        /// It is hardly new.
        case heldBack
        /// One too many in a row could not be.
        case failed(quantity: Quantity, value: Double, times: Int)
    }

    private enum Memory: Sendable {
        case none
        case window(ValueWindow)
        case rejections(Int)
        case last(Reading.Value, at: Duration)
    }

    private struct Series: Sendable {
        let quantity: Quantity
        var memories: [Memory]
    }

    private let steps: [Shaping.Step]
    // Searched one by one: a sensor has a handful of quantities.
    private var series: [Series] = []

    init(_ shaping: Shaping) {
        steps = shaping.steps
    }

    /// - Parameter now: of any clock that does not go back.
    mutating func shape(_ measurement: Measurement, at now: Duration) -> Result {
        if case .number(let number) = measurement.value, !number.isFinite { return .rejected }
        guard !steps.isEmpty else { return .passed(measurement) }
        let index: Int
        if let known = series.firstIndex(where: { $0.quantity == measurement.quantity }) {
            index = known
        } else {
            index = series.count
            series.append(
                Series(quantity: measurement.quantity, memories: [Memory](repeating: .none, count: steps.count)))
        }
        return Self.run(measurement, at: now, steps, &series[index].memories)
    }

    // Static: a method would hold a second copy of what it changes, and so make it be copied in every sample.
    private static func run(
        _ measurement: Measurement, at now: Duration, _ steps: [Shaping.Step], _ memories: inout [Memory]
    ) -> Result {
        var quantity = measurement.quantity
        var value = measurement.value
        for (step, index) in zip(steps, memories.indices) where step.quantity == nil || step.quantity == quantity {
            if case .number(let number) = value {
                switch apply(step.kind, to: number, &quantity, &memories[index]) {
                case .passed(let number):
                    guard number.isFinite else { return .rejected }
                    value = .number(number)
                case .rejected: return .rejected
                case .failed(let times): return .failed(quantity: quantity, value: number, times: times)
                }
            }
            if case .onChange(let difference, let interval) = step.kind {
                guard isNew(value, by: difference, after: interval, at: now, memories[index]) else {
                    return .heldBack
                }
                memories[index] = .last(value, at: now)
            }
        }
        return .passed(Measurement(quantity, value, at: measurement.time))
    }

    private enum StepResult {
        case passed(Double)
        case rejected
        case failed(times: Int)
    }

    private static func apply(
        _ kind: Shaping.Step.Kind, to number: Double, _ quantity: inout Quantity, _ memory: inout Memory
    ) -> StepResult {
        switch kind {
        case .calibrate(let offset, let gain): return .passed(number * gain + offset)
        case .table(let table): return .passed(table.correct(number))
        case .convert(let result, let gain, let offset):
            quantity = result
            return .passed(number * gain + offset)
        case .limits(let range, let tolerating):
            guard !range.contains(number) else {
                memory = .none
                return .passed(number)
            }
            var times = 1
            if case .rejections(let before) = memory { times += before }
            memory = .rejections(times)
            return times > tolerating ? .failed(times: times) : .rejected
        case .median(let count): return .passed(window(count, adding: number, &memory).median)
        case .average(let count): return .passed(window(count, adding: number, &memory).mean)
        case .onChange: return .passed(number)
        }
    }

    private static func window(_ count: Int, adding number: Double, _ memory: inout Memory) -> ValueWindow {
        var window: ValueWindow
        if case .window(let known) = memory { window = known } else { window = ValueWindow(capacity: count) }
        // Taken out of the memory meanwhile, so that the values are changed in place and not copied.
        memory = .none
        window.append(number)
        memory = .window(window)
        return window
    }

    private static func isNew(
        _ value: Reading.Value, by difference: Double, after interval: Duration?, at now: Duration, _ memory: Memory
    ) -> Bool {
        guard case .last(let last, let time) = memory else { return true }
        if let interval, now - time >= interval { return true }
        guard case .number(let new) = value, case .number(let old) = last else { return value != last }
        return new != old && abs(new - old) >= difference
    }
}

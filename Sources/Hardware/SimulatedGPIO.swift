internal import Threads

/// A GPIO chip that exists in this process only: lines can be driven from outside and joined in pairs.
///
/// A line's voltage is that of the output on it, else of the output joined to it, else what drives it from outside (also
/// at the joined end), else what a pull resistor of a request says, else low. An open-drain or open-source output that lets
/// go counts as none. A released output with a safe level goes on driving it; every other one lets go.
public final class SimulatedGPIO: Sendable {
    public let label: String

    /// How many lines the chip has; their offsets begin at 0.
    public let lines: Int

    private let names: [Int: String]
    private let clock: any Clock<Duration>
    private let state: Lock<State>

    /// - Parameters:
    ///   - label: what errors call the chip.
    ///   - lines: how many lines it has, by default as many as the Pi's header chip has at most.
    ///   - names: what lines are called, by their offsets.
    ///   - clock: the clock debounced lines wait by.
    public init(
        label: String = "simulated", lines: Int = 58, names: [Int: String] = [:],
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.label = label
        self.lines = max(lines, 0)
        self.names = names
        self.clock = clock
        state = Lock(State(lines: [Line](repeating: Line(), count: max(lines, 0))))
    }

    /// Wires two lines together, taking off the wires each had before: what one drives, the other reads.
    /// - Throws: ``GPIOError/noSuchLine(chip:offset:lines:)``.
    public func join(_ first: Int, _ second: Int) throws(GPIOError) {
        try checkOffset(first)
        try checkOffset(second)
        change { $0.join(first, second) }
    }

    /// Drives a line from outside, as a button or a sensor does.
    /// - Parameter high: the level; nil lets go of the line.
    /// - Throws: ``GPIOError/noSuchLine(chip:offset:lines:)``.
    public func drive(_ offset: Int, high: Bool?) throws(GPIOError) {
        try checkOffset(offset)
        change { $0.drive(offset, high) }
    }

    /// Drives a line from outside to another level for a while, as an echo does: it is there and gone at once, but its edges
    /// have the times of one that begins now. The second one's is then in the future.
    /// - Throws: ``GPIOError/noSuchLine(chip:offset:lines:)``.
    public func pulse(_ offset: Int, high: Bool, lasting duration: Duration) throws(GPIOError) {
        try checkOffset(offset)
        // Up to 30 years, far within 64 bits.
        let nanoseconds = UInt64(min(max(duration / .nanoseconds(1), 0), 1e18))
        change { state in
            let before = state.lines[offset].external
            let now = UInt64(clamping: MonotonicClock.now)
            state.moment = now
            state.drive(offset, high)
            state.moment = now + nanoseconds
            state.drive(offset, before)
            state.moment = nil
        }
    }

    /// Has something done whenever the voltage of a line has changed: what answers there, as a device does.
    /// - Parameter body: gets the new voltage, on the thread that changed it. It replaces the one before; nil: nothing.
    /// - Throws: ``GPIOError/noSuchLine(chip:offset:lines:)``.
    public func onChange(of offset: Int, _ body: (@Sendable (_ isHigh: Bool) -> Void)?) throws(GPIOError) {
        try checkOffset(offset)
        state.withLock { $0.observers[offset] = body }
    }

    /// The level a meter would show at the line.
    /// - Throws: ``GPIOError/noSuchLine(chip:offset:lines:)``.
    public func level(of offset: Int) throws(GPIOError) -> Bool {
        try checkOffset(offset)
        return state.withLock { $0.voltage(offset) }
    }

    private func checkOffset(_ offset: Int) throws(GPIOError) {
        guard (0..<lines).contains(offset) else { throw .noSuchLine(chip: label, offset: offset, lines: lines) }
    }
}

// What GPIOChip needs.
extension SimulatedGPIO {
    func infos() -> [LineInfo] {
        state.withLock { state in state.lines.indices.map { info(of: $0, state) } }
    }

    func info(of offset: Int) throws(GPIOError) -> LineInfo {
        try checkOffset(offset)
        return state.withLock { info(of: offset, $0) }
    }

    private func info(of offset: Int, _ state: borrowing State) -> LineInfo {
        var info = LineInfo(offset: offset)
        info.name = names[offset] ?? ""
        guard let owner = state.lines[offset].owner else { return info }
        info.isUsed = true
        info.consumer = owner.consumer
        info.isActiveLow = owner.isActiveLow
        info.bias = owner.bias == .asIs ? nil : owner.bias
        switch owner.role {
        case .input(let edges, let debounce, _):
            info.edges = edges
            info.debounce = debounce
        case .output(_, let drive):
            info.direction = .output
            info.drive = drive
        }
        return info
    }

    func watch(_ offsets: [Int], _ continuation: LineChangeStream.Continuation) throws(GPIOError) -> LineWatch {
        for offset in offsets { try checkOffset(offset) }
        let number = state.withLock { state in
            state.watchers += 1
            state.watches[state.watchers] = (offsets, continuation)
            return state.watchers
        }
        return LineWatch { [weak self] in
            continuation.finish()
            self?.state.withLock { $0.watches[number] = nil }
        }
    }

    func request(_ offsets: [Int], _ mode: LineMode) throws(GPIOError) -> any LineRequest {
        try LineOptions.check(mode, chip: label, lines: lines, offsets: offsets)
        try change { state throws(GPIOError) in
            for offset in offsets {
                guard let owner = state.lines[offset].owner else { continue }
                throw .busy(chip: label, offset: offset, consumer: owner.consumer)
            }
            state.requests += 1
            for (index, offset) in offsets.enumerated() {
                state.lines[offset].owner = Owner(mode, index: index, request: state.requests)
                state.lines[offset].retained = nil
                state.lines[offset].sequence = 0
                // The level at the request is the reference of the first edge.
                let isHigh = state.voltage(offset)
                if isHigh != state.lines[offset].wasHigh { state.observe(offset, isHigh) }
                state.lines[offset].wasHigh = isHigh
                state.lines[offset].isHigh = isHigh
                state.settle(offset)
                report(.requested, offset, state)
            }
            state.sequences[state.requests] = 0
        }
        return SimulatedLines(chip: self, offsets: offsets, mode)
    }

    private func report(_ kind: LineChange.Kind, _ offset: Int, _ state: borrowing State) {
        for (offsets, continuation) in state.watches.values where offsets.contains(offset) {
            continuation.yield(
                LineChange(
                    kind: kind, line: info(of: offset, state), timestamp: UInt64(clamping: MonotonicClock.now)))
        }
    }

    /// Lines held by this program.
    private final class SimulatedLines: LineRequest {
        private let chip: SimulatedGPIO
        private let offsets: [Int]
        private let safeLevel: Bool?
        private let queue: EdgeQueue?
        private let request: Int
        private let isReleased = Lock(false)

        init(chip: SimulatedGPIO, offsets: [Int], _ mode: LineMode) {
            self.chip = chip
            self.offsets = offsets
            request = chip.state.withLock { $0.lines[offsets[0]].owner?.request ?? 0 }
            switch mode {
            case .input(_, let queue):
                self.queue = queue
                safeLevel = nil
            case .output(_, let options):
                queue = nil
                safeLevel = options.safe
            }
        }

        func levels() throws(GPIOError) -> UInt64 {
            try checkHeld()
            return chip.state.withLock { state in
                offsets.indices.reduce(0) { $0 | (state.level(offsets[$1]) ? 1 << $1 : 0) }
            }
        }

        func setLevels(_ levels: UInt64, of lines: UInt64) throws(GPIOError) {
            try checkHeld()
            set(levels, of: lines)
        }

        private func set(_ levels: UInt64, of lines: UInt64) {
            chip.change { state in
                for (index, offset) in offsets.enumerated() where lines >> index & 1 == 1 {
                    guard case .output(_, let drive) = state.lines[offset].owner?.role else { continue }
                    state.lines[offset].owner?.role = .output(levels >> index & 1 == 1, drive)
                    state.settle(offset)
                }
            }
        }

        var statistics: EdgeStatistics { chip.state.withLock { $0.statistics[request] ?? EdgeStatistics() } }

        var executor: DescriptorExecutor? { nil }

        func release() {
            let wasReleased = isReleased.withLock { isReleased in
                defer { isReleased = true }
                return isReleased
            }
            guard !wasReleased else { return }
            if let safeLevel { set(safeLevel ? .max : 0, of: .max) }
            queue?.finish()
            chip.change { state in
                for offset in offsets {
                    // As a chip does that keeps the level of a released output (docs/gpio.md).
                    if safeLevel != nil { state.lines[offset].retained = state.lines[offset].owner?.voltage }
                    state.lines[offset].owner = nil
                    state.settle(offset)
                    chip.report(.released, offset, state)
                }
                state.sequences[request] = nil
            }
        }

        private func checkHeld() throws(GPIOError) {
            if isReleased.withLock({ $0 }) { throw .released(chip: chip.label, offset: offsets[0]) }
        }

        deinit {
            // Nobody can ask for them any more.
            chip.state.withLock { $0.statistics[request] = nil }
        }
    }
}

// Debouncing, and who looks.
extension SimulatedGPIO {
    /// Changes the chip, tells those who look, and lets time pass for the debounced lines whose level that changed.
    private func change<Failure: Error>(_ body: (inout State) throws(Failure) -> Void) throws(Failure) {
        let (unsettled, observed) = try state.withLock { state throws(Failure) in
            try body(&state)
            defer {
                state.unsettled = []
                state.observed = []
            }
            return (state.unsettled, state.observed)
        }
        for (observer, isHigh) in observed { observer(isHigh) }
        for offset in unsettled {
            guard let (change, period) = state.withLock({ $0.pendingChange(offset) }) else { continue }
            Task { [weak self, clock] in
                try? await clock.sleep(for: period)
                self?.state.withLock { $0.endPause(offset, change) }
            }
        }
    }
}

extension SimulatedGPIO {
    /// How the program holds a line.
    private struct Owner {
        enum Role {
            case input(EdgeDetection, debounce: Duration, EdgeQueue?)
            /// With the present level.
            case output(Bool, LineDrive)
        }

        var role: Role
        let bias: LineBias
        let isActiveLow: Bool
        let consumer: String
        /// Which request the line belongs to.
        let request: Int

        init(_ mode: LineMode, index: Int, request: Int) {
            self.request = request
            switch mode {
            case .input(let options, let queue):
                role = .input(options.edges, debounce: options.debounce, queue)
                bias = options.bias
                isActiveLow = options.isActiveLow
                consumer = LineOptions.consumer(options.consumer)
            case .output(let initial, let options):
                role = .output(initial >> index & 1 == 1, options.drive)
                bias = options.bias
                isActiveLow = options.isActiveLow
                consumer = LineOptions.consumer(options.consumer)
            }
        }

        /// What an output puts on the line; nil where it lets go.
        var voltage: Bool? {
            guard case .output(let level, let drive) = role else { return nil }
            let isHigh = level != isActiveLow
            return switch drive {
            case .pushPull: isHigh
            case .openDrain: isHigh ? nil : false
            case .openSource: isHigh ? true : nil
            }
        }

        var pull: Bool? {
            switch bias {
            case .pullUp: true
            case .pullDown: false
            case .asIs, .disabled: nil
            }
        }

        var debounce: Duration {
            if case .input(_, let debounce, _) = role { debounce } else { .zero }
        }
    }

    private struct Line {
        var owner: Owner?
        /// What a released output with a safe level left on the line.
        var retained: Bool?
        /// What drives the line from outside, if anything.
        var external: Bool?
        /// The line at the other end of the wire.
        var partner: Int?
        /// The voltage at the last look.
        var wasHigh = false
        /// The voltage that has lasted for as long as it must; from its changes edges are told.
        var isHigh = false
        /// Counts the changes of the voltage, so that a pause knows whether it was disturbed.
        var changes = 0
        /// Events since the line was requested.
        var sequence: UInt64 = 0

        var output: Bool? { owner?.voltage ?? retained }
    }

    private struct State {
        var lines: [Line]
        var requests = 0
        /// Of each request, its events so far.
        var sequences: [Int: UInt64] = [:]
        var statistics: [Int: EdgeStatistics] = [:]
        var watchers = 0
        var watches: [Int: (offsets: [Int], LineChangeStream.Continuation)] = [:]
        /// Debounced lines whose voltage has just changed.
        var unsettled: [Int] = []
        var observers: [Int: @Sendable (Bool) -> Void] = [:]
        /// Who is to be told of a voltage that has just changed.
        var observed: [(observer: @Sendable (Bool) -> Void, isHigh: Bool)] = []
        /// When what happens now happens, if not in this moment.
        var moment: UInt64?

        init(lines: [Line]) {
            self.lines = lines
        }

        func voltage(_ offset: Int) -> Bool {
            let line = lines[offset]
            let partner = line.partner.map { lines[$0] }
            return line.output ?? partner?.output ?? line.external ?? partner?.external ?? line.owner?.pull
                ?? partner?.owner?.pull ?? false
        }

        /// What the program reads.
        func level(_ offset: Int) -> Bool {
            lines[offset].isHigh != (lines[offset].owner?.isActiveLow ?? false)
        }

        mutating func drive(_ offset: Int, _ high: Bool?) {
            lines[offset].external = high
            settle(offset)
        }

        mutating func join(_ first: Int, _ second: Int) {
            let formerPartners = [lines[first].partner, lines[second].partner].compactMap { $0 }
            for offset in formerPartners + [first, second] { lines[offset].partner = nil }
            if first != second {
                lines[first].partner = second
                lines[second].partner = first
            }
            for offset in formerPartners + [first, second] { settle(offset) }
        }

        /// Brings a line and its partner to the level that follows from everything on them, with the events due.
        mutating func settle(_ offset: Int) {
            for offset in [offset, lines[offset].partner].compactMap({ $0 }) {
                let isHigh = voltage(offset)
                guard isHigh != lines[offset].wasHigh else { continue }
                lines[offset].wasHigh = isHigh
                lines[offset].changes += 1
                observe(offset, isHigh)
                if let owner = lines[offset].owner, owner.debounce > .zero {
                    unsettled.append(offset)
                } else {
                    accept(offset)
                }
            }
        }

        mutating func observe(_ offset: Int, _ isHigh: Bool) {
            if let observer = observers[offset] { observed.append((observer, isHigh)) }
        }

        /// Which change a pause is for, and how long it is.
        func pendingChange(_ offset: Int) -> (change: Int, period: Duration)? {
            guard let owner = lines[offset].owner, owner.debounce > .zero else { return nil }
            return (lines[offset].changes, owner.debounce)
        }

        /// A debounced line's level has lasted, unless it changed meanwhile.
        mutating func endPause(_ offset: Int, _ change: Int) {
            if lines[offset].changes == change { accept(offset) }
        }

        private mutating func accept(_ offset: Int) {
            guard lines[offset].isHigh != lines[offset].wasHigh else { return }
            lines[offset].isHigh = lines[offset].wasHigh
            report(offset, level(offset) ? .rising : .falling)
        }

        private mutating func report(_ offset: Int, _ kind: EdgeEvent.Kind) {
            guard let owner = lines[offset].owner, case .input(let edges, _, let queue) = owner.role else {
                return
            }
            switch (edges, kind) {
            case (.both, _), (.rising, .rising), (.falling, .falling): break
            default: return
            }
            lines[offset].sequence &+= 1
            sequences[owner.request, default: 0] &+= 1
            let event = EdgeEvent(
                kind: kind, offset: offset, timestamp: moment ?? UInt64(clamping: MonotonicClock.now),
                globalSequence: sequences[owner.request, default: 0], lineSequence: lines[offset].sequence)
            statistics[owner.request, default: EdgeStatistics()].received &+= 1
            if queue?.append(event) == false { statistics[owner.request]?.lostInProcess &+= 1 }
        }
    }
}

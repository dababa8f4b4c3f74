internal import Glibc
internal import Threads

/// A GPIO chip that exists in this process only: lines can be driven from outside and joined in pairs.
///
/// A line's level is that of the output on it, else of the output joined to it, else what drives it from outside (also
/// at the joined end), else what a pull resistor of an input says, else low.
public final class SimulatedGPIO: Sendable {
    public let label: String

    /// How many lines the chip has; their offsets begin at 0.
    public let lines: Int

    private let state: Lock<State>

    /// - Parameters:
    ///   - label: what errors call the chip.
    ///   - lines: how many lines it has, by default as many as the Pi's header chip has at most.
    public init(label: String = "simulated", lines: Int = 58) {
        self.label = label
        self.lines = max(lines, 0)
        state = Lock(State(lines: [Line](repeating: Line(), count: max(lines, 0))))
    }

    /// Wires two lines together, taking off the wires each had before: what one drives, the other reads.
    /// - Throws: ``GPIOError/noSuchLine(chip:offset:lines:)``.
    public func join(_ first: Int, _ second: Int) throws(GPIOError) {
        try checkOffset(first)
        try checkOffset(second)
        state.withLock { $0.join(first, second) }
    }

    /// Drives a line from outside, as a button or a sensor does.
    /// - Parameter high: the level; nil lets go of the line.
    /// - Throws: ``GPIOError/noSuchLine(chip:offset:lines:)``.
    public func drive(_ offset: Int, high: Bool?) throws(GPIOError) {
        try checkOffset(offset)
        state.withLock { state in
            state.lines[offset].external = high
            state.settle(offset)
        }
    }

    /// The level a meter would show at the line.
    /// - Throws: ``GPIOError/noSuchLine(chip:offset:lines:)``.
    public func level(of offset: Int) throws(GPIOError) -> Bool {
        try checkOffset(offset)
        return state.withLock { $0.level(offset) }
    }

    private func checkOffset(_ offset: Int) throws(GPIOError) {
        guard (0..<lines).contains(offset) else { throw .noSuchLine(chip: label, offset: offset, lines: lines) }
    }
}

extension SimulatedGPIO {
    func request(_ offset: Int, _ mode: LineMode) throws(GPIOError) -> any LineRequest {
        try checkOffset(offset)
        let isFree = state.withLock { state in
            guard state.lines[offset].owner == nil else { return false }
            // The level before the request is the reference of the first edge, but a pull resistor acts at once.
            state.lines[offset].owner = mode
            state.lines[offset].sequence = 0
            state.lines[offset].isHigh = state.level(offset)
            state.settle(offset)
            return true
        }
        // The kernel names the consumer; in here it can only be this program.
        guard isFree else { throw .busy(chip: label, offset: offset, consumer: "apus") }
        return SimulatedLine(chip: self, offset: offset)
    }

    /// A line held by this program.
    private final class SimulatedLine: LineRequest {
        private let chip: SimulatedGPIO
        private let offset: Int
        private let isReleased = Lock(false)

        init(chip: SimulatedGPIO, offset: Int) {
            self.chip = chip
            self.offset = offset
        }

        func level() throws(GPIOError) -> Bool {
            try checkHeld()
            return chip.state.withLock { $0.level(offset) }
        }

        func setLevel(_ high: Bool) throws(GPIOError) {
            try checkHeld()
            chip.state.withLock { state in
                state.lines[offset].owner = .output(initial: high)
                state.settle(offset)
            }
        }

        func release() {
            let wasReleased = isReleased.withLock { isReleased in
                defer { isReleased = true }
                return isReleased
            }
            guard !wasReleased else { return }
            chip.state.withLock { state in
                if case .input(_, _, let continuation) = state.lines[offset].owner { continuation.finish() }
                state.lines[offset].owner = nil
                state.settle(offset)
            }
        }

        private func checkHeld() throws(GPIOError) {
            if isReleased.withLock({ $0 }) { throw .released(chip: chip.label, offset: offset) }
        }
    }

    private struct Line {
        /// How the program holds the line; for an output its present level.
        var owner: LineMode?
        /// What drives the line from outside, if anything.
        var external: Bool?
        /// The line at the other end of the wire.
        var partner: Int?
        /// The level at the last look, from which edges are told.
        var isHigh = false
        /// Events since the line was requested.
        var sequence: UInt64 = 0

        var outputLevel: Bool? {
            if case .output(let level) = owner { level } else { nil }
        }

        var pulledLevel: Bool? {
            guard case .input(let bias, _, _) = owner else { return nil }
            return switch bias {
            case .pullUp: true
            case .pullDown: false
            case .asIs, .disabled: nil
            }
        }
    }

    private struct State {
        var lines: [Line]

        func level(_ offset: Int) -> Bool {
            let line = lines[offset]
            let partner = line.partner.map { lines[$0] }
            return line.outputLevel ?? partner?.outputLevel ?? line.external ?? partner?.external ?? line.pulledLevel
                ?? partner?.pulledLevel ?? false
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
                let isHigh = level(offset)
                guard isHigh != lines[offset].isHigh else { continue }
                lines[offset].isHigh = isHigh
                report(offset, isHigh ? .rising : .falling)
            }
        }

        private mutating func report(_ offset: Int, _ kind: EdgeEvent.Kind) {
            guard case .input(_, let edges, let continuation) = lines[offset].owner else { return }
            switch (edges, kind) {
            case (.both, _), (.rising, .rising), (.falling, .falling): break
            default: return
            }
            lines[offset].sequence &+= 1
            let sequence = lines[offset].sequence
            continuation.yield(
                EdgeEvent(
                    kind: kind, timestamp: monotonicNanoseconds(), globalSequence: sequence, lineSequence: sequence))
        }
    }
}

private func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

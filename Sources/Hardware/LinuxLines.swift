internal import CGPIOD
internal import Glibc
internal import Threads

/// Lines of a kernel GPIO chip, through libgpiod 2.
final class LinuxLines: LineRequest {
    private let chip: String
    private let offsets: [Int]
    /// The level to leave the lines in; nil for inputs.
    private let safeLevel: Bool?
    // libgpiod asks that no two threads use the same object at the same time.
    private let request: Lock<OpaquePointer?>
    /// Of inputs with edges, until they are released.
    private let watch: Lock<Watch?>
    private let counts: Lock<Counts>

    private struct Watch {
        let executor: DescriptorExecutor
        let queue: EdgeQueue
    }

    struct Counts {
        private(set) var statistics = EdgeStatistics()
        /// Of each line, in the order of the offsets.
        private var lastSequences: [UInt64]

        init(lines: Int) {
            lastSequences = [UInt64](repeating: 0, count: lines)
        }

        mutating func count(_ sequence: UInt64, of line: Int) {
            // The kernel counts in 32 bits and starts anew at 0 after the last number.
            let missed = UInt32(truncatingIfNeeded: sequence) &- UInt32(truncatingIfNeeded: lastSequences[line]) &- 1
            lastSequences[line] = sequence
            statistics.received &+= 1
            statistics.lostInKernel &+= UInt64(missed)
        }

        mutating func countLostInProcess() {
            statistics.lostInProcess &+= 1
        }
    }

    init(chipLabel: String, offsets: [Int], _ mode: LineMode) throws {
        let chip = try LinuxChip(label: chipLabel)
        // As it was asked for, which is what tells two of the same label apart.
        self.chip = chipLabel
        self.offsets = offsets
        safeLevel = if case .output(_, let options) = mode { options.safe } else { nil }
        request = Lock(try chip.request(offsets, mode))
        watch = Lock(nil)
        counts = Lock(Counts(lines: offsets.count))
        if case .output(_, let options) = mode, let safeLevel {
            for offset in offsets {
                SafeOutputs.device.note(chip: chipLabel, offset: offset, safe: safeLevel, options)
            }
        }
        if case .input(let options, let queue?) = mode, options.edges != .none {
            do {
                let reader = try EdgeReader(self)
                // The thread keeps these lines, and they the thread, until they are released.
                let executor = try DescriptorExecutor(name: "gpio-\(offsets[0])", descriptor: reader.descriptor) {
                    Self.deliverEvents(of: reader, to: queue)
                }
                watch.withLock { $0 = Watch(executor: executor, queue: queue) }
            } catch {
                release()
                throw error
            }
        }
    }

    func levels() throws(GPIOError) -> UInt64 {
        try withRequest { request throws(GPIOError) in
            let levels = withUnsafeTemporaryAllocation(of: gpiod_line_value.self, capacity: offsets.count) { values in
                values.initialize(repeating: GPIOD_LINE_VALUE_INACTIVE)
                guard gpiod_line_request_get_values(request, values.baseAddress) == 0 else { return nil as UInt64? }
                return values.indices.reduce(0) { $0 | (values[$1] == GPIOD_LINE_VALUE_ACTIVE ? 1 << $1 : 0) }
            }
            guard let levels else { throw failed("read") }
            return levels
        }
    }

    func setLevels(_ levels: UInt64, of lines: UInt64) throws(GPIOError) {
        try withRequest { request throws(GPIOError) in try set(levels, of: lines, request) }
    }

    private func set(_ levels: UInt64, of lines: UInt64, _ request: OpaquePointer) throws(GPIOError) {
        let chosen = offsets.indices.filter { lines >> $0 & 1 == 1 }
        guard !chosen.isEmpty else { return }
        let numbers = chosen.map { UInt32(offsets[$0]) }
        let values = chosen.map { LinuxChip.value(levels >> $0 & 1 == 1) }
        guard gpiod_line_request_set_values_subset(request, numbers.count, numbers, values) == 0 else {
            throw failed("set")
        }
    }

    var statistics: EdgeStatistics { counts.withLock { $0.statistics } }

    func release() {
        let watch = watch.withLock { watch in
            let taken = watch
            watch = nil
            return taken
        }
        if let watch {
            // While the thread waits, the kernel does not let go of the line: a restarted child could find its own old request
            // still holding it.
            watch.executor.stopWatching()
            watch.queue.finish()
        }
        request.withLock { request in
            guard let pointer = request else { return }
            request = nil
            // Where it fails, the note stays for who sets safe levels later.
            if let safeLevel, (try? set(safeLevel ? .max : 0, of: .max, pointer)) != nil {
                // Before the lines are free: their next owner may have noted them again.
                for offset in offsets { SafeOutputs.device.forget(chip: chip, offset: offset) }
            }
            gpiod_line_request_release(pointer)
        }
    }

    private func withRequest<Result: Sendable>(
        _ body: (OpaquePointer) throws(GPIOError) -> Result
    ) throws(GPIOError) -> Result {
        try request.withLock { request throws(GPIOError) in
            guard let request else { throw .released(chip: chip, offset: offsets[0]) }
            return try body(request)
        }
    }

    private func failed(_ operation: String, _ code: Int32 = errno) -> GPIOError {
        .failed(chip: chip, offset: offsets[0], operation: operation, reason: systemMessage(code))
    }
}

// Events.
extension LinuxLines {
    /// Events taken from the kernel with one system call; gpiod_edge_event_buffer_new allows up to 1024.
    private static let batch = 64

    var executor: DescriptorExecutor? { watch.withLock { $0?.executor } }

    /// On the waiting thread. Returns whether there may be more.
    private static func deliverEvents(of reader: EdgeReader, to queue: EdgeQueue) -> Bool {
        do throws(GPIOError) {
            try reader.read { event in
                if !queue.append(event) { reader.lines.counts.withLock { $0.countLostInProcess() } }
            }
            return true
        } catch {
            // Released meanwhile, or the chip is gone.
            if case .released = error { queue.finish() } else { queue.finish(throwing: error) }
            return false
        }
    }

    /// Takes events from the kernel, on one thread.
    final class EdgeReader: Sendable {
        fileprivate let lines: LinuxLines
        // libgpiod's own; used on that thread only.
        private nonisolated(unsafe) let buffer: OpaquePointer
        /// Readable while events wait.
        let descriptor: Int32

        init(_ lines: LinuxLines) throws(GPIOError) {
            // Nothing is set before all that can fail has been done.
            let descriptor = try lines.withRequest { request in gpiod_line_request_get_fd(request) }
            guard let buffer = gpiod_edge_event_buffer_new(LinuxLines.batch) else {
                throw lines.failed("wait for events of")
            }
            self.descriptor = descriptor
            self.buffer = buffer
            self.lines = lines
        }

        deinit {
            gpiod_edge_event_buffer_free(buffer)
        }

        /// Waits for events unless some are there.
        func read(_ body: (EdgeEvent) -> Void) throws(GPIOError) {
            let count = try lines.withRequest { request in
                gpiod_line_request_read_edge_events(request, buffer, LinuxLines.batch)
            }
            guard count >= 0 else { throw lines.failed("read events of") }
            for index in 0..<UInt(count) {
                guard let native = gpiod_edge_event_buffer_get_event(buffer, index) else { continue }
                let event = EdgeEvent(
                    kind: gpiod_edge_event_get_event_type(native) == GPIOD_EDGE_EVENT_RISING_EDGE ? .rising : .falling,
                    offset: Int(gpiod_edge_event_get_line_offset(native)),
                    timestamp: gpiod_edge_event_get_timestamp_ns(native),
                    globalSequence: UInt64(gpiod_edge_event_get_global_seqno(native)),
                    lineSequence: UInt64(gpiod_edge_event_get_line_seqno(native)))
                lines.count(event)
                body(event)
            }
        }
    }

    private func count(_ event: EdgeEvent) {
        guard let index = offsets.firstIndex(of: event.offset) else { return }
        counts.withLock { $0.count(event.lineSequence, of: index) }
    }
}

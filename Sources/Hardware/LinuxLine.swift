internal import CGPIOD
internal import Glibc
internal import Threads

/// A line of a kernel GPIO chip, through libgpiod 2.
final class LinuxLine: LineRequest {
    private let chip: String
    private let offset: Int
    private let stopped: EventDescriptor
    // libgpiod asks that no two threads use the same object at the same time.
    private let request: Lock<OpaquePointer?>
    private let waiter: Lock<DedicatedThread?>

    init(chipLabel: String, offset: Int, _ mode: LineMode) throws {
        let chip = try GPIOChip(label: chipLabel)
        self.chip = chip.label
        self.offset = offset
        stopped = try EventDescriptor()
        request = Lock(try chip.request(offset, mode))
        waiter = Lock(nil)
        if case .input(_, let edges, let continuation) = mode, edges != .none {
            do {
                let thread = try DedicatedThread(name: "gpio-\(offset)") { self.deliverEvents(to: continuation) }
                waiter.withLock { $0 = thread }
            } catch {
                release()
                throw error
            }
        }
    }

    func level() throws(GPIOError) -> Bool {
        try withRequest { request throws(GPIOError) in
            switch gpiod_line_request_get_value(request, UInt32(offset)) {
            case GPIOD_LINE_VALUE_ACTIVE: true
            case GPIOD_LINE_VALUE_INACTIVE: false
            default: throw failed("read")
            }
        }
    }

    func setLevel(_ high: Bool) throws(GPIOError) {
        try withRequest { request throws(GPIOError) in
            let value = high ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE
            guard gpiod_line_request_set_value(request, UInt32(offset), value) == 0 else { throw failed("set") }
        }
    }

    func release() {
        let thread = waiter.withLock { waiter in
            let thread = waiter
            waiter = nil
            return thread
        }
        if let thread {
            stopped.signal()
            // The thread never waits for anything but this signal and the line, so this takes microseconds. Without it
            // a restarted child could find its own old request still holding the line.
            thread.join()
        }
        request.withLock { request in
            if let pointer = request { gpiod_line_request_release(pointer) }
            request = nil
        }
    }

    private func withRequest<Result: Sendable>(
        _ body: (OpaquePointer) throws(GPIOError) -> Result
    ) throws(GPIOError) -> Result {
        try request.withLock { request throws(GPIOError) in
            guard let request else { throw .released(chip: chip, offset: offset) }
            return try body(request)
        }
    }

    private func failed(_ operation: String, _ code: Int32 = errno) -> GPIOError {
        .failed(chip: chip, offset: offset, operation: operation, reason: systemMessage(code))
    }
}

// The waiting thread.
extension LinuxLine {
    /// Events taken from the kernel with one system call; gpiod_edge_event_buffer_new allows up to 1024.
    private static let batch = 64

    private func deliverEvents(to continuation: EdgeEventStream.Continuation) {
        guard let buffer = gpiod_edge_event_buffer_new(Self.batch) else {
            return continuation.finish(throwing: failed("wait for events of"))
        }
        defer { gpiod_edge_event_buffer_free(buffer) }
        do throws(GPIOError) {
            let descriptor = try withRequest { request in gpiod_line_request_get_fd(request) }
            while try waitForEvents(descriptor) {
                try deliverBatch(buffer, to: continuation)
            }
            continuation.finish()
        } catch {
            continuation.finish(throwing: error)
        }
    }

    /// Returns false when the line is to be released.
    private func waitForEvents(_ descriptor: Int32) throws(GPIOError) -> Bool {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopped.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&descriptors, 2, -1) < 0 {
            if errno != EINTR { throw failed("wait for events of") }
        }
        if descriptors[1].revents != 0 { return false }
        // Hung up: the chip's driver was unbound or the device unplugged.
        if descriptors[0].revents & Int16(POLLIN) == 0 { throw failed("wait for events of", ENODEV) }
        return true
    }

    private func deliverBatch(
        _ buffer: OpaquePointer, to continuation: EdgeEventStream.Continuation
    ) throws(GPIOError) {
        let count = try withRequest { request in
            gpiod_line_request_read_edge_events(request, buffer, Self.batch)
        }
        guard count >= 0 else { throw failed("read events of") }
        for index in 0..<UInt(count) {
            guard let event = gpiod_edge_event_buffer_get_event(buffer, index) else { continue }
            continuation.yield(
                EdgeEvent(
                    kind: gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE ? .rising : .falling,
                    timestamp: gpiod_edge_event_get_timestamp_ns(event),
                    globalSequence: UInt64(gpiod_edge_event_get_global_seqno(event)),
                    lineSequence: UInt64(gpiod_edge_event_get_line_seqno(event))))
        }
    }
}

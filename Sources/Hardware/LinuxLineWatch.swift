internal import CGPIOD
internal import Glibc
internal import Threads

/// Waits for what the kernel tells about lines that somebody takes or gives back.
final class LinuxLineWatch: Sendable {
    private let label: String
    private let chip: Lock<LinuxChip>
    private let descriptor: Int32
    private let stopped: EventDescriptor

    /// Looks at lines until nobody holds the result any more.
    static func start(
        chipLabel: String, offsets: [Int], _ continuation: LineChangeStream.Continuation
    ) throws -> LineWatch {
        let watch = try LinuxLineWatch(chipLabel: chipLabel, offsets: offsets)
        let thread = try DedicatedThread(name: "gpio-watch") { watch.deliver(to: continuation) }
        return LineWatch { [stopped = watch.stopped] in
            stopped.signal()
            thread.join()
        }
    }

    private init(chipLabel: String, offsets: [Int]) throws {
        let chip = try LinuxChip(label: chipLabel)
        // The kernel refuses to watch a line twice.
        for offset in Set(offsets) {
            guard offset >= 0, offset < chip.lines else {
                throw GPIOError.noSuchLine(chip: chip.label, offset: offset, lines: chip.lines)
            }
            guard let info = gpiod_chip_watch_line_info(chip.pointer, UInt32(offset)) else {
                throw GPIOError.failed(
                    chip: chip.label, offset: offset, operation: "watch", reason: systemMessage(errno))
            }
            gpiod_line_info_free(info)
        }
        label = chip.label
        descriptor = gpiod_chip_get_fd(chip.pointer)
        stopped = try EventDescriptor()
        self.chip = Lock(chip)
    }

    private func deliver(to continuation: LineChangeStream.Continuation) {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopped.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            if poll(&descriptors, 2, -1) < 0 {
                if errno == EINTR { continue }
                return continuation.finish(throwing: failed(errno))
            }
            if descriptors[1].revents != 0 { return continuation.finish() }
            // Hung up: the chip's driver was unbound or the device unplugged.
            if descriptors[0].revents & Int16(POLLIN) == 0 { return continuation.finish(throwing: failed(ENODEV)) }
            guard let change = chip.withLock({ chip in Self.next(chip.pointer) }) else {
                return continuation.finish(throwing: failed(errno))
            }
            continuation.yield(change)
        }
    }

    private func failed(_ code: Int32) -> GPIOError {
        .failed(chip: label, offset: 0, operation: "watch", reason: systemMessage(code))
    }

    private static func next(_ chip: OpaquePointer) -> LineChange? {
        guard let event = gpiod_chip_read_info_event(chip) else { return nil }
        defer { gpiod_info_event_free(event) }
        guard let info = gpiod_info_event_get_line_info(event) else { return nil }
        let kind: LineChange.Kind =
            switch gpiod_info_event_get_event_type(event) {
            case GPIOD_INFO_EVENT_LINE_REQUESTED: .requested
            case GPIOD_INFO_EVENT_LINE_RELEASED: .released
            default: .reconfigured
            }
        return LineChange(kind: kind, line: LineInfo(info), timestamp: gpiod_info_event_get_timestamp_ns(event))
    }
}

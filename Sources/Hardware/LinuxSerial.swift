internal import CLinux
internal import Glibc
internal import Threads

/// A port of the kernel, through termios(3).
package final class LinuxSerial: SerialConnection {
    /// Bytes that wait to be taken by the kernel.
    private struct Job {
        let bytes: [UInt8]
        var written = 0
        /// By `MonotonicClock`.
        let deadline: Int64
        let continuation: CheckedContinuation<SerialError?, Never>
    }

    private struct State {
        var jobs: [Job] = []
        /// Why nothing can be written any more.
        var end: SerialError?
    }

    private let port: String
    private let receiver: SerialReceiver
    private let wake: EventDescriptor
    private let state = Lock(State())
    private let errorsBefore: SerialStatistics
    /// Nil when closed.
    private let descriptor: Lock<Int32?>
    private let thread = Lock<DedicatedThread?>(nil)

    init(path: String, settings: SerialSettings, _ receiver: SerialReceiver) throws {
        port = path
        self.receiver = receiver
        wake = try EventDescriptor()
        let descriptor = try Self.open(path)
        self.descriptor = Lock(descriptor)
        errorsBefore = Self.errors(descriptor)
        do {
            try Self.apply(settings, to: descriptor, path)
            let started = try DedicatedThread(name: Self.threadName(path)) { self.serve(descriptor) }
            thread.withLock { $0 = started }
        } catch {
            close()
            throw error
        }
    }

    func write(_ bytes: [UInt8], within limit: Duration) async throws(SerialError) {
        let deadline = MonotonicClock.now.addingReportingOverflow(Self.nanoseconds(limit))
        let error = await withCheckedContinuation { (continuation: CheckedContinuation<SerialError?, Never>) in
            let end = state.withLock { state in
                if state.end == nil {
                    state.jobs.append(
                        Job(
                            bytes: bytes, deadline: deadline.overflow ? .max : deadline.partialValue,
                            continuation: continuation))
                }
                return state.end
            }
            if let end { continuation.resume(returning: end) } else { wake.signal() }
        }
        if let error { throw error }
    }

    func countErrors(in statistics: inout SerialStatistics) {
        let now = descriptor.withLock { descriptor in descriptor.map { Self.errors($0) } }
        guard let now else { return }
        statistics.framingErrors = Self.growth(of: now.framingErrors, since: errorsBefore.framingErrors)
        statistics.parityErrors = Self.growth(of: now.parityErrors, since: errorsBefore.parityErrors)
        statistics.overruns = Self.growth(of: now.overruns, since: errorsBefore.overruns)
        statistics.breaks = Self.growth(of: now.breaks, since: errorsBefore.breaks)
    }

    /// The kernel's counters are 32 bits wide and begin at 0 again after that.
    static func growth(of counter: UInt64, since before: UInt64) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: counter &- before))
    }

    func close() {
        state.withLock { state in
            if state.end == nil { state.end = .closed(port: port) }
        }
        // A second caller returns no sooner.
        thread.withLock { thread in
            guard let running = thread else { return }
            thread = nil
            wake.signal()
            // It waits for nothing but this signal and the line, so this takes microseconds. Without it a restarted
            // child could find its own old port still in use.
            running.join()
        }
        descriptor.withLock { descriptor in
            guard let open = descriptor else { return }
            descriptor = nil
            // The kernel's close would wait for it, half a minute where the other side lets nothing through.
            var pending: Int32 = 0
            if ioctl(open, UInt(TIOCOUTQ), &pending) == 0, pending > 0 { tcflush(open, TCOFLUSH) }
            Glibc.close(open)
        }
        receiver.finish()
    }

    private static func threadName(_ path: String) -> String {
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last
        return name.map { String(decoding: $0, as: UTF8.self) } ?? "serial"
    }

    /// Clamped to what a deadline can be.
    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (whole, isTooLong) = max(seconds, 0).multipliedReportingOverflow(by: 1_000_000_000)
        return isTooLong ? .max : whole.addingReportingOverflow(max(attoseconds, 0) / 1_000_000_000).partialValue
    }
}

// Opening.
extension LinuxSerial {
    /// Opens a port for a moment, without changing its settings.
    /// - Throws: ``SerialError`` when there is none, when it is in use, or when it is another file.
    package static func test(path: String) throws(SerialError) {
        Glibc.close(try openUnused(path))
    }

    private static func open(_ path: String) throws(SerialError) -> Int32 {
        let descriptor = try openUnused(path)
        // TIOCEXCL does not stop root, a lock stops only those who ask: both.
        guard ioctl(descriptor, UInt(TIOCEXCL)) == 0 else {
            let reason = systemMessage(errno)
            Glibc.close(descriptor)
            throw .noPort(port: path, reason: reason)
        }
        return descriptor
    }

    /// Locks it for as long as it is open.
    private static func openUnused(_ path: String) throws(SerialError) -> Int32 {
        // Without O_NONBLOCK the call would wait for a modem's carrier.
        let descriptor = Glibc.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw switch errno {
            case ENOENT, ENXIO, ENODEV:
                .noPort(
                    port: path, reason: "there is no such port; it may be disabled in the device tree, or unplugged")
            case EBUSY: .busy(port: path)
            case let code: .noPort(port: path, reason: systemMessage(code))
            }
        }
        do throws(SerialError) {
            guard isatty(descriptor) == 1 else { throw .noPort(port: path, reason: "it is not a serial port") }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .busy(port: path) }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func apply(_ settings: SerialSettings, to descriptor: Int32, _ path: String) throws(SerialError) {
        guard let speed = SerialTermios.speed(settings.baudRate) else {
            let known = SerialSettings.standardBaudRates.map(String.init).joined(separator: ", ")
            throw .refused(port: path, setting: "\(settings.baudRate) baud", reason: "the rates are \(known)")
        }
        guard (5...8).contains(settings.dataBits), (1...2).contains(settings.stopBits) else {
            throw .refused(
                port: path, setting: "\(settings.dataBits) data bits and \(settings.stopBits) stop bits",
                reason: "there are 5 to 8 data bits and 1 or 2 stop bits")
        }
        var attributes = termios()
        guard tcgetattr(descriptor, &attributes) == 0 else {
            throw .failed(port: path, reason: systemMessage(errno))
        }
        SerialTermios.set(settings, speed, in: &attributes)
        let wanted = attributes
        // At once, without waiting for what another program may still have to send. What came before, at whatever rate, is
        // no data.
        guard tcsetattr(descriptor, TCSANOW, &attributes) == 0, tcgetattr(descriptor, &attributes) == 0,
            tcflush(descriptor, TCIFLUSH) == 0
        else { throw .failed(port: path, reason: systemMessage(errno)) }
        // tcsetattr succeeds when it could do any of what was asked (termios(3)).
        guard SerialTermios.isSame(attributes, wanted) else {
            throw .refused(
                port: path, setting: "these settings", reason: "its driver cannot do this rate, parity or flow control")
        }
    }

    private static func errors(_ descriptor: Int32) -> SerialStatistics {
        var counters = serial_icounter_struct()
        var errors = SerialStatistics()
        // Not all drivers count; a pseudo-terminal does not.
        guard linux_serial_counters(descriptor, &counters) == 0 else { return errors }
        errors.framingErrors = UInt64(UInt32(bitPattern: counters.frame))
        errors.parityErrors = UInt64(UInt32(bitPattern: counters.parity))
        errors.overruns = UInt64(UInt32(bitPattern: counters.overrun &+ counters.buf_overrun))
        errors.breaks = UInt64(UInt32(bitPattern: counters.brk))
        return errors
    }
}

// The port's thread.
extension LinuxSerial {
    /// A second of 38,400 baud; what is more waits in the kernel.
    private static let piece = 4096

    private func serve(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: Self.piece)
        var lastReceived = MonotonicClock.now
        var end: SerialError?
        while end == nil {
            let deadline = state.withLock { $0.jobs.map(\.deadline).min() }
            let pauseEnd = receiver.awaitedPause.map { pause in
                let (moment, isTooFar) = lastReceived.addingReportingOverflow(Int64(clamping: pause))
                return isTooFar ? Int64.max : moment
            }
            let events = wait(
                descriptor, isWriting: deadline != nil, until: [deadline, pauseEnd].compactMap { $0 }.min())
            let now = MonotonicClock.now
            if events & Int16(POLLIN) != 0 {
                end = receive(descriptor, &buffer)
                lastReceived = now
            } else if events & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 {
                end = gone(ENODEV)
            } else if let pauseEnd, now >= pauseEnd {
                receiver.endByPause(at: UInt64(now))
            }
            if end == nil, deadline != nil { end = writeJobs(descriptor, now) }
            if end == nil { end = state.withLock { $0.end } }
        }
        let jobs = state.withLock { state in
            if state.end == nil { state.end = end }
            defer { state.jobs = [] }
            return state.jobs
        }
        for job in jobs { job.continuation.resume(returning: end) }
        if case .closed = end { receiver.finish() } else { receiver.finish(throwing: end) }
    }

    /// - Returns: what poll(2) says about the line; 0 when something else ended the wait.
    private func wait(_ descriptor: Int32, isWriting: Bool, until moment: Int64?) -> Int16 {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(isWriting ? POLLIN | POLLOUT : POLLIN), revents: 0),
            pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        // Rounded up, else the last millisecond would be waited for in a loop.
        let milliseconds = moment.map { Int32(clamping: max($0 - MonotonicClock.now, 0) / 1_000_000 + 1) } ?? -1
        // Interrupted or timed out: the caller looks at everything anew.
        guard poll(&descriptors, 2, milliseconds) > 0 else { return 0 }
        if descriptors[1].revents != 0 { wake.wait() }
        return descriptors[0].revents
    }

    private func receive(_ descriptor: Int32, _ buffer: inout [UInt8]) -> SerialError? {
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 {
            receiver.receive(buffer[..<count], at: UInt64(MonotonicClock.now))
            return nil
        }
        if count == 0 { return gone(ENODEV) }
        return errno == EAGAIN || errno == EINTR ? nil : gone(errno)
    }

    /// Gives the kernel what it takes now, and ends the jobs that are done or late.
    private func writeJobs(_ descriptor: Int32, _ now: Int64) -> SerialError? {
        while let job = state.withLock({ $0.jobs.first }) {
            var written = job.written
            if written < job.bytes.count {
                let count = job.bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count < 0 && errno != EAGAIN && errno != EINTR { return gone(errno) }
                written += max(count, 0)
            }
            let isDone = written == job.bytes.count
            guard isDone || job.deadline <= now else {
                state.withLock { $0.jobs[0].written = written }
                break
            }
            _ = state.withLock { $0.jobs.removeFirst() }
            job.continuation.resume(
                returning: isDone ? nil : .writeTimeout(port: port, written: written, of: job.bytes.count))
        }
        // Those behind one that waits can be late, too.
        let late = state.withLock { state in
            let late = state.jobs.filter { $0.deadline <= now }
            state.jobs.removeAll { $0.deadline <= now }
            return late
        }
        for job in late {
            job.continuation.resume(
                returning: .writeTimeout(port: port, written: job.written, of: job.bytes.count))
        }
        return nil
    }

    private func gone(_ code: Int32) -> SerialError {
        .failed(port: port, reason: systemMessage(code))
    }
}

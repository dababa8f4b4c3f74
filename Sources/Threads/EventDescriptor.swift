internal import CLinux
internal import Glibc

/// A flag that threads of our own wait for: eventfd(2), so that a wait can be joined with others in poll(2).
///
/// Signals given before they are waited for count as one. A task that waited on one would block the cooperative pool.
package final class EventDescriptor: Sendable {
    /// The process has no file descriptor left.
    package struct CreationError: Error, CustomStringConvertible {
        let code: Int32

        package var description: String { "cannot create an event descriptor: \(systemMessage(code))" }
    }

    /// Readable while a signal is pending.
    package let descriptor: Int32

    package init() throws(CreationError) {
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC))
        guard descriptor >= 0 else { throw CreationError(code: errno) }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Wakes the waiting thread, or the next one that waits. Never blocks.
    package func signal() {
        // Fails only when 2^64 - 1 signals are pending.
        eventfd_write(descriptor, 1)
    }

    /// Blocks the thread until there is a signal, and takes it.
    package func wait() {
        var count: eventfd_t = 0
        // Only an interruption by a signal handler makes the read fail.
        while eventfd_read(descriptor, &count) != 0 {}
    }

    /// Blocks the thread until there is a signal, and takes it, or until the time has passed.
    /// - Parameter milliseconds: measured by CLOCK_MONOTONIC, which no setting of the wall clock disturbs.
    /// - Returns: whether there was a signal.
    package func wait(milliseconds: Int) -> Bool {
        var descriptors = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&descriptors, 1, Int32(clamping: max(milliseconds, 0))) > 0 else { return false }
        wait()
        return true
    }
}

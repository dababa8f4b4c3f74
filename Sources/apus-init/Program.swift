internal import CLinux
internal import Glibc

/// A program run to its end by a process that may wait: not by PID 1.
enum Program {
    enum End: Equatable {
        case status(Int32)
        /// Ended by this signal.
        case signal(Int32)
        /// Killed after its deadline.
        case late
        case notStarted
    }

    /// - Parameter seconds: how long it may take.
    static func run(_ arguments: [String], environment: [String], seconds: Int64) -> End {
        guard let process = spawn(arguments, environment: environment, isQuiet: true) else { return .notStarted }
        let descriptor = linux_pidfd_open(process)
        defer { close(descriptor) }
        let deadline = now() + seconds * nanosecondsPerSecond
        var isLate = false
        while true {
            let left = deadline - now()
            // Readable when the process has ended. Without a descriptor poll(2) only waits: then by the second.
            var end = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if left > 0 { poll(&end, 1, Int32(min(left / 1_000_000 + 1, descriptor >= 0 ? 600_000 : 1000))) }
            var status: Int32 = 0
            let result = waitpid(process, &status, isLate ? 0 : WNOHANG)
            if result == process {
                if isLate { return .late }
                return status & 0x7f == 0 ? .status((status >> 8) & 0xff) : .signal(status & 0x7f)
            }
            if result < 0 && errno != EINTR { return .notStarted }
            if now() >= deadline {
                isLate = true
                kill(process, SIGKILL)
            }
        }
    }
}

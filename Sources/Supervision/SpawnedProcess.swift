internal import CLinux
internal import Glibc

/// A process that this one started and must wait for.
struct SpawnedProcess: Sendable {
    let id: pid_t
    /// Readable when the process has ended (pidfd_open(2)).
    private let end: CellDescriptor

    /// Kills the process when it throws.
    init(_ id: pid_t, on thread: CellThread) throws {
        self.id = id
        do {
            let descriptor = linux_pidfd_open(id)
            guard descriptor >= 0 else { throw CellError.system("cannot watch a process", code: errno) }
            end = try CellDescriptor(descriptor, on: thread)
        } catch {
            Glibc.kill(id, SIGKILL)
            waitpid(id, nil, 0)
            throw error
        }
    }

    /// How a process ended.
    enum Status: Sendable, Equatable {
        case exited(Int32)
        case signal(Int32)
        /// Another part of the program waited for it, or told the kernel that nobody will.
        case lost
    }

    /// Ends the process for certain. When it has ended already, nothing happens.
    func kill() {
        _ = linux_pidfd_kill(end.number)
    }

    /// Waits for the end of the process. To be called once.
    func wait() async -> Status {
        while true {
            await end.waitUntilReadable()
            var info = siginfo_t()
            let result = waitid(idtype_t(rawValue: linux_wait_pidfd), id_t(end.number), &info, WEXITED | WNOHANG)
            guard result == 0 else { return .lost }
            if info.si_signo != SIGCHLD { continue }
            let status = linux_exit_status(&info)
            return Int(info.si_code) == Int(CLD_EXITED) ? .exited(status) : .signal(status)
        }
    }
}

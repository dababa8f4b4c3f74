internal import CLinux
internal import Glibc

/// The signals PID 1 acts on, as a descriptor for the poll loop (signalfd(2)).
struct Signals {
    let descriptor: Int32

    init() {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGCHLD, SIGTERM, SIGINT, SIGUSR1, SIGUSR2] { sigaddset(&set, signal) }
        sigprocmask(SIG_BLOCK, &set, nil)
        descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        // A console that hangs up must not end PID 1.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
    }

    /// The next pending signal, nil when there is none.
    func next() -> Int32? {
        var info = signalfd_siginfo()
        let count = read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size)
        return count == MemoryLayout<signalfd_siginfo>.size ? Int32(info.ssi_signo) : nil
    }
}

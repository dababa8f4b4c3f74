internal import Glibc
internal import Synchronization
internal import Threads

/// The signals an app's process answers, turned into calls: SIGTERM and SIGINT, of which a second of the same kind ends
/// the process at once, and SIGUSR1, any number of times.
///
/// The signals cannot be blocked and waited for by sigwait(3): libdispatch, which runs Swift's tasks, parks the main
/// thread in sigsuspend(2) with every signal open.
enum Signals {
    /// The signals that came and were not noticed yet, bit by number.
    private static let pending = Atomic<UInt64>(0)

    private static let event = Result { try EventDescriptor() }

    /// From now on signals wait to be noticed instead of ending the process.
    /// - Throws: why the system has no file descriptor to give.
    static func hold() throws {
        // Made here, before the handler can run: a handler may neither allocate nor lock.
        _ = try event.get()
        var handler = sigaction()
        handler.__sigaction_handler.sa_handler = { signal in
            Signals.pending.bitwiseOr(1 << UInt64(signal), ordering: .releasing)
            if case .success(let event) = Signals.event { event.signal() }
        }
        handler.sa_flags = SA_RESTART
        sigaction(SIGUSR1, &handler, nil)
        handler.sa_flags = Int32(bitPattern: UInt32(SA_RESTART) | UInt32(SA_RESETHAND))
        sigaction(SIGTERM, &handler, nil)
        sigaction(SIGINT, &handler, nil)
    }

    /// - Parameter action: called on a thread of its own for each signal with its number, also for those that came before.
    /// - Throws: why the system has no thread or no file descriptor to give.
    static func onEach(_ action: @escaping @Sendable (Int32) -> Void) throws {
        let event = try event.get()
        let waiter = try DedicatedThread(name: "signals") {
            while true {
                event.wait()
                let signals = pending.exchange(0, ordering: .acquiring)
                for signal in Int32(1)..<64 where signals & (1 << UInt64(signal)) != 0 { action(signal) }
            }
        }
        waiter.detach()
    }
}

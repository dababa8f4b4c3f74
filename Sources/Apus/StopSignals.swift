internal import Glibc
internal import Synchronization
internal import Threads

/// SIGTERM and SIGINT, turned into a call. A second of the same kind ends the process at once.
///
/// The signals cannot be blocked and waited for by sigwait(3): libdispatch, which runs Swift's tasks, parks the main
/// thread in sigsuspend(2) with every signal open.
enum StopSignals {
    /// The signal that came.
    private static let number = Atomic<Int32>(0)

    private static let event = Result { try EventDescriptor() }

    /// From now on the first signal waits to be noticed instead of ending the process.
    /// - Throws: why the system has no file descriptor to give.
    static func hold() throws {
        // Made here, before the handler can run: a handler may neither allocate nor lock.
        _ = try event.get()
        var handler = sigaction()
        handler.__sigaction_handler.sa_handler = { signal in
            StopSignals.number.store(signal, ordering: .releasing)
            if case .success(let event) = StopSignals.event { event.signal() }
        }
        handler.sa_flags = Int32(bitPattern: UInt32(SA_RESTART) | UInt32(SA_RESETHAND))
        sigaction(SIGTERM, &handler, nil)
        sigaction(SIGINT, &handler, nil)
    }

    /// - Parameter action: called once, on a thread of its own, with the signal's number, also when the signal came before.
    /// - Throws: why the system has no thread or no file descriptor to give.
    static func onFirst(_ action: @escaping @Sendable (Int32) -> Void) throws {
        let event = try event.get()
        let waiter = try DedicatedThread(name: "signals") {
            event.wait()
            action(number.load(ordering: .acquiring))
        }
        waiter.detach()
    }
}

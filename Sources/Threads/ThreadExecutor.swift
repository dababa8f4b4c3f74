internal import CLinux

/// Runs an actor's jobs one after the other on one thread of its own, so that they may block.
///
/// An actor whose calls wait for a bus or a disk names it as its executor:
/// ```swift
/// actor Bus {
///     private let executor: ThreadExecutor
///     nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
/// }
/// ```
/// The thread ends when the executor is released.
public final class ThreadExecutor: SerialExecutor {
    private let queue: JobQueue
    private let thread: DedicatedThread

    /// - Parameter name: the thread's name as `top -H` shows it; the kernel keeps the first 15 bytes.
    /// - Throws: an error that says why the system has no thread to give.
    public convenience init(name: String) throws {
        try self.init(name: name) { nil }
    }

    /// An executor whose thread does something beside its jobs, with their isolation.
    ///
    /// - Parameter turn: called on the thread before every wait and between jobs. It returns the moment of
    ///   `MonotonicClock`, in nanoseconds, when it wants to be called again; nil: when there is a job or ``waker`` was called.
    ///   It must not hold the executor, whose release is what ends the thread.
    /// - Throws: an error that says why the system has no thread to give.
    package init(name: String, turn: @escaping @Sendable () -> Int64?) throws {
        let queue = JobQueue()
        self.queue = queue
        thread = try DedicatedThread(name: name) { queue.run(turn) }
        // Nobody joins it: the last release of the executor may happen on this very thread.
        thread.detach()
    }

    deinit {
        queue.stop()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        queue.append(JobQueue.Entry(job: UnownedJob(job), executor: self))
    }

    /// Lets the thread take another turn, when called. It does not hold the executor.
    package var waker: @Sendable () -> Void { { [queue] in queue.wake() } }

    public func isIsolatingCurrentContext() -> Bool? {
        thread.isCurrent
    }

    public func checkIsolated() {
        precondition(thread.isCurrent, "this must run on the executor's thread")
    }
}

/// The jobs not yet run. The thread holds this, never the executor, whose last release is what ends the thread.
private final class JobQueue: Sendable {
    /// A job keeps its executor alive until it has run.
    struct Entry: Sendable {
        let job: UnownedJob
        let executor: ThreadExecutor
    }

    private struct State {
        var entries: [Entry] = []
        var isStopped = false
    }

    private let state = Lock(State())
    private let ready = WakeFlag()

    func append(_ entry: Entry) {
        let wasEmpty = state.withLock { state in
            state.entries.append(entry)
            return state.entries.count == 1
        }
        // The thread takes all entries at once, so only the first of them has to wake it.
        if wasEmpty { ready.signal() }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        ready.signal()
    }

    func wake() {
        ready.signal()
    }

    func run(_ turn: () -> Int64?) {
        // The default of 50 us for threads without real-time priority would be most of a tick's lateness.
        linux_set_timer_slack(1)
        while true {
            let deadline = turn()
            let (entries, isStopped) = state.withLock { state in
                let taken = state.entries
                state.entries = []
                return (taken, state.isStopped)
            }
            if entries.isEmpty {
                if isStopped { return }
                ready.wait(until: deadline)
            }
            for entry in entries {
                entry.job.runSynchronously(on: entry.executor.asUnownedSerialExecutor())
            }
        }
    }
}

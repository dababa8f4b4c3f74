internal import CLinux
internal import Glibc

/// Waits on a thread of its own for what comes from a file descriptor, and runs the jobs of tasks that prefer it on the same
/// thread: what comes is then dealt with on the spot, without another thread to wake.
///
/// The thread ends when the executor is released.
package final class DescriptorExecutor: TaskExecutor {
    private let loop: DescriptorLoop
    private let thread: DedicatedThread

    /// - Parameters:
    ///   - name: the thread's name as `top -H` shows it; the kernel keeps the first 15 bytes.
    ///   - descriptor: what to wait for, open at least until ``stopWatching()`` returns.
    ///   - onReadable: called on the thread when there is something to read. It returns whether to wait for more. It must not
    ///     hold the executor, whose release is what ends the thread.
    /// - Throws: an error that says why the system has no thread or no file descriptor to give.
    package init(name: String, descriptor: Int32, onReadable: @escaping @Sendable () -> Bool) throws {
        let loop = DescriptorLoop(
            descriptor: descriptor, wake: try EventDescriptor(), left: try EventDescriptor(), onReadable: onReadable)
        self.loop = loop
        thread = try DedicatedThread(name: name) { loop.run() }
        // Nobody joins it: the last release of the executor may happen on this very thread.
        thread.detach()
    }

    deinit {
        loop.stop()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        loop.append(DescriptorLoop.Entry(job: UnownedJob(job), executor: self), isOnThread: thread.isCurrent)
    }

    /// For a job on this thread that has nothing to do until something has come: waits for it once, as the thread does
    /// between jobs.
    ///
    /// - Returns: false, at once, when the job should suspend itself instead: others want to run, nothing is watched any more,
    ///   or this is another thread.
    package func waitHere() -> Bool {
        thread.isCurrent && loop.waitOnce()
    }

    /// Ends a ``waitHere()``, or the next one.
    package func wakeUp() {
        loop.wakeUp()
    }

    /// When this returns, the thread neither waits for the descriptor nor will again; jobs run on.
    package func stopWatching() {
        loop.stopWatching()
    }
}

/// What the thread holds in place of the executor.
private final class DescriptorLoop: Sendable {
    /// A job keeps its executor alive until it has run.
    struct Entry: Sendable {
        let job: UnownedJob
        let executor: DescriptorExecutor
    }

    private struct State {
        var entries: [Entry] = []
        var isWatching = true
        var isStopped = false
        /// Whether the thread waits or is about to: then the kernel holds the descriptor's file.
        var isWaiting = false
        /// Whether somebody waits for the end of that.
        var isAwaited = false
    }

    private let descriptor: Int32
    private let wake: EventDescriptor
    private let left: EventDescriptor
    private let onReadable: @Sendable () -> Bool
    private let state = Lock(State())

    init(
        descriptor: Int32, wake: EventDescriptor, left: EventDescriptor, onReadable: @escaping @Sendable () -> Bool
    ) {
        self.descriptor = descriptor
        self.wake = wake
        self.left = left
        self.onReadable = onReadable
    }

    func append(_ entry: Entry, isOnThread: Bool) {
        let wasEmpty = state.withLock { state in
            state.entries.append(entry)
            return state.entries.count == 1
        }
        // The thread itself looks before it waits.
        if wasEmpty, !isOnThread { wake.signal() }
    }

    func wakeUp() { wake.signal() }

    func stop() {
        state.withLock { $0.isStopped = true }
        wake.signal()
    }

    func stopWatching() {
        let mustWait = state.withLock { state in
            state.isWatching = false
            if state.isWaiting { state.isAwaited = true }
            return state.isWaiting
        }
        guard mustWait else { return }
        wake.signal()
        // Microseconds: the thread is in poll(2).
        left.wait()
    }

    func run() {
        while true {
            let (entry, isWatching, isStopped) = state.withLock { state in
                // One at a time: a job may wait here in the loop's place only when no other one is there.
                let entry = state.entries.isEmpty ? nil : state.entries.removeFirst()
                state.isWaiting = entry == nil && !state.isStopped
                return (entry, state.isWatching, state.isStopped)
            }
            if let entry {
                entry.job.runSynchronously(on: entry.executor.asUnownedTaskExecutor())
            } else if isStopped {
                return
            } else {
                wait(isWatching: isWatching)
            }
        }
    }

    /// Within a job.
    func waitOnce() -> Bool {
        let mayWait = state.withLock { state in
            let mayWait = state.entries.isEmpty && state.isWatching
            state.isWaiting = mayWait
            return mayWait
        }
        if mayWait { wait(isWatching: true) }
        return mayWait
    }

    private func wait(isWatching: Bool) {
        if isReadable(isWatching), !onReadable() { state.withLock { $0.isWatching = false } }
    }

    /// Waits. Returns whether the descriptor is readable and still to be watched.
    private func isReadable(_ isWatching: Bool) -> Bool {
        var ready = (
            pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
            // A negative number is ignored (poll(2)).
            pollfd(fd: isWatching ? descriptor : -1, events: Int16(POLLIN), revents: 0)
        )
        withUnsafeMutablePointer(to: &ready) { pointer in
            pointer.withMemoryRebound(to: pollfd.self, capacity: 2) { descriptors in
                // Only a signal that stops the process interrupts it: nothing is ready then.
                if poll(descriptors, 2, -1) < 0 {
                    descriptors[0].revents = 0
                    descriptors[1].revents = 0
                }
            }
        }
        let (isAwaited, mayRead) = state.withLock { state in
            defer { state.isAwaited = false }
            state.isWaiting = false
            return (state.isAwaited, state.isWatching)
        }
        if ready.0.revents != 0 { wake.wait() }
        if isAwaited { left.signal() }
        return ready.1.revents != 0 && mayRead
    }
}

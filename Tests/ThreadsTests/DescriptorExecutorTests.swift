import Glibc
import Testing
import Threads

@Suite(.timeLimit(.minutes(10)))
struct DescriptorExecutorTests {
    /// What the executor waits for, and what it has said.
    private final class Source: Sendable {
        struct Notice: Sendable {
            let thread: pthread_t
        }

        let event: EventDescriptor
        let notices: AsyncStream<Notice>
        private let continuation: AsyncStream<Notice>.Continuation

        init() throws {
            event = try EventDescriptor()
            (notices, continuation) = AsyncStream.makeStream()
        }

        func read() {
            event.wait()
            continuation.yield(Notice(thread: pthread_self()))
        }

        /// No notice will come any more, of those who hold the source for the executor.
        deinit { continuation.finish() }
    }

    private static func executor(_ source: Source, goesOn: Bool = true) throws -> DescriptorExecutor {
        try DescriptorExecutor(name: "descriptor-test", descriptor: source.event.descriptor) {
            source.read()
            return goesOn
        }
    }

    private static func thread() -> pthread_t { pthread_self() }

    /// Returns when the job runs.
    private static func begin(
        on executor: DescriptorExecutor, _ job: @escaping @Sendable () -> Bool
    ) async -> Task<Bool, Never> {
        let (begins, continuation) = AsyncStream.makeStream(of: Void.self)
        let task = Task(executorPreference: executor) {
            continuation.finish()
            return job()
        }
        for await _ in begins {}
        return task
    }

    @Test func tasksRunOnTheThreadThatWaits() async throws {
        let source = try Source()
        let executor = try Self.executor(source)
        let threads = await withTaskExecutorPreference(executor) {
            var threads: [pthread_t] = []
            var notices = source.notices.makeAsyncIterator()
            for _ in 0..<100 {
                source.event.signal()
                if let notice = await notices.next() { threads += [notice.thread, Self.thread()] }
            }
            return threads
        }
        #expect(threads.count == 200)
        #expect(Set(threads).count == 1)
        #expect(Self.thread() != threads[0])
    }

    @Test func jobsFromAnywhereRun() async throws {
        let source = try Source()
        let executor = try Self.executor(source)
        let threads = await withTaskGroup(of: pthread_t.self) { group in
            for _ in 0..<1000 { group.addTask(executorPreference: executor) { Self.thread() } }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(threads.count == 1)
    }

    @Test func nothingIsReadOnceWatchingHasStopped() async throws {
        let source = try Source()
        let executor = try Self.executor(source)
        executor.stopWatching()
        source.event.signal()
        // The thread looks at what is readable between jobs.
        for _ in 0..<100 { await withTaskExecutorPreference(executor) { await Task.yield() } }
        #expect(source.event.wait(milliseconds: 0), "somebody else has taken the signal")
    }

    @Test func watchingCanBeStoppedByAJob() async throws {
        let source = try Source()
        let executor = try Self.executor(source)
        await withTaskExecutorPreference(executor) { executor.stopWatching() }
        source.event.signal()
        await withTaskExecutorPreference(executor) { await Task.yield() }
        #expect(source.event.wait(milliseconds: 0))
    }

    @Test func readerEndsTheWatching() async throws {
        let source = try Source()
        let executor = try Self.executor(source, goesOn: false)
        source.event.signal()
        var notices = source.notices.makeAsyncIterator()
        _ = await notices.next()
        source.event.signal()
        for _ in 0..<100 { await withTaskExecutorPreference(executor) { await Task.yield() } }
        #expect(source.event.wait(milliseconds: 0))
        // Comes back although nobody waits any more.
        executor.stopWatching()
    }

    @Test func aJobWaitsInTheThreadsPlace() async throws {
        let source = try Source()
        let executor = try Self.executor(source)
        var notices = source.notices.makeAsyncIterator()
        for _ in 0..<100 {
            // One job: where it suspends, the thread would wait by itself.
            let hasWaited = await withTaskExecutorPreference(executor) {
                source.event.signal()
                return executor.waitHere()
            }
            #expect(hasWaited)
            #expect(await notices.next() != nil)
        }
    }

    @Test func aJobDoesNotWaitWhileOthersWantToRun() async throws {
        let source = try Source()
        let executor = try Self.executor(source)
        let other = await withTaskExecutorPreference(executor) {
            let other = Task(executorPreference: executor) {}
            #expect(!executor.waitHere())
            return other
        }
        await other.value
    }

    @Test func aWaitingJobMakesRoomForOthers() async throws {
        let source = try Source()
        let executor = try Self.executor(source)
        let job = await Self.begin(on: executor) { executor.waitHere() }
        await Task(executorPreference: executor) {}.value
        // Either it has waited, or the other job was there before.
        _ = await job.value
    }

    @Test func aWaitingJobIsWoken() async throws {
        let source = try Source()
        let executor = try Self.executor(source)
        executor.wakeUp()
        // The thread, between jobs, may have taken that one.
        let job = await Self.begin(on: executor) { executor.waitHere() }
        executor.wakeUp()
        #expect(await job.value)
    }

    @Test func whereNothingIsWatchedAJobDoesNotWait() async throws {
        let source = try Source()
        let executor = try Self.executor(source)
        #expect(!executor.waitHere(), "this is another thread")
        executor.stopWatching()
        #expect(await withTaskExecutorPreference(executor) { !executor.waitHere() })
    }

    @Test func stoppingEndsTheWaitOfAJob() async throws {
        let source = try Source()
        let executor = try Self.executor(source)
        let job = await Self.begin(on: executor) {
            while executor.waitHere() {}
            return true
        }
        executor.stopWatching()
        _ = await job.value
    }

    @Test func threadEndsWithItsExecutor() async throws {
        let notices: AsyncStream<Source.Notice>
        do {
            let source = try Source()
            notices = source.notices
            _ = try Self.executor(source)
        }
        // Ends when the thread lets go of the source.
        for await _ in notices {}
    }
}

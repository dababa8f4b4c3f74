import Glibc
import Testing
import Threads

@Suite(.timeLimit(.minutes(10)))
struct ThreadExecutorTests {
    private actor Counter {
        private let executor: ThreadExecutor
        private(set) var values: [Int] = []

        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        init(_ executor: ThreadExecutor) {
            self.executor = executor
        }

        func append(_ value: Int) { values.append(value) }

        func thread() -> pthread_t { pthread_self() }

        /// Blocks the thread, as a bus does, until the event comes.
        func block(until event: EventDescriptor) -> Bool { event.wait(milliseconds: 50_000) }

        nonisolated func appendFromItsThread(_ value: Int) {
            assumeIsolated { $0.values.append(value) }
        }

        func appendThroughNonisolated(_ value: Int) { appendFromItsThread(value) }
    }

    @Test func jobsOfAllActorsRunOnOneThreadOfItsOwn() async throws {
        let executor = try ThreadExecutor(name: "executor-test")
        let first = Counter(executor)
        let second = Counter(executor)
        let thread = await first.thread()
        #expect(await second.thread() == thread)
        #expect(await Counter(try ThreadExecutor(name: "another")).thread() != thread)
    }

    @Test func jobsRunInTheirOrder() async throws {
        let counter = Counter(try ThreadExecutor(name: "executor-test"))
        for value in 0..<500 { await counter.append(value) }
        #expect(await counter.values == Array(0..<500))
    }

    @Test func manyTasksAtOnceLoseNothing() async throws {
        let counter = Counter(try ThreadExecutor(name: "executor-test"))
        await withTaskGroup(of: Void.self) { group in
            for value in 0..<2_000 { group.addTask { await counter.append(value) } }
        }
        #expect(await counter.values.sorted() == Array(0..<2_000))
    }

    @Test func blockedThreadDoesNotHoldUpThePool() async throws {
        // More of them than the pool has threads: on the pool nothing could send the events.
        let events = try (0..<32).map { _ in try EventDescriptor() }
        let counters = try events.map { _ in Counter(try ThreadExecutor(name: "executor-test")) }
        await withTaskGroup(of: Bool.self) { group in
            for (counter, event) in zip(counters, events) { group.addTask { await counter.block(until: event) } }
            group.addTask {
                for event in events { event.signal() }
                return true
            }
            for await wasSignalled in group { #expect(wasSignalled) }
        }
    }

    @Test func isolationIsKnownOnItsThread() async throws {
        let executor = try ThreadExecutor(name: "executor-test")
        let counter = Counter(executor)
        await counter.appendThroughNonisolated(7)
        #expect(await counter.values == [7])
        #expect(executor.isIsolatingCurrentContext() == false)
    }

    private static func thread() -> pthread_t { pthread_self() }

    @Test func tasksThatPreferTheThreadStayOnIt() async throws {
        let executor = try ThreadExecutor(name: "executor-test")
        let counter = Counter(executor)
        let threads = await withTaskExecutorPreference(executor) {
            var threads: Set<pthread_t> = []
            for value in 0..<500 {
                await counter.append(value)
                threads.insert(Self.thread())
            }
            return threads
        }
        #expect(threads == [await counter.thread()])
        #expect(await counter.values == Array(0..<500))
    }

    @Test func threadEndsWithItsLastActor() async throws {
        let name = "exec-release"
        do {
            let counter = Counter(try ThreadExecutor(name: name))
            await counter.append(1)
            #expect(threadNames().contains(name))
        }
        // A thread announces its end to nobody but its creator, which does not wait: look until it is gone.
        while threadNames().contains(name) {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}

struct DedicatedThreadTests {
    @Test func runsItsBodyOnceUnderItsName() throws {
        let names = Lock<[String]>([])
        let thread = try DedicatedThread(name: "a-name-beyond-15-bytes") {
            names.withLock { $0.append(threadName("/proc/thread-self/comm")) }
        }
        thread.join()
        #expect(names.withLock { $0 } == ["a-name-beyond-1"])
    }

    @Test func takesNoSignals() throws {
        let blocked = Lock<[Int32]>([])
        let before = blockedSignals()
        let thread = try DedicatedThread(name: "signals") {
            let own = blockedSignals()
            blocked.withLock { $0 = own }
        }
        #expect(blockedSignals() == before, "the creator's own mask is as before")
        thread.join()
        #expect(blocked.withLock { $0 } == [SIGTERM, SIGINT, SIGHUP, SIGCHLD])
    }

    /// Which of some signals the calling thread blocks.
    private func blockedSignals() -> [Int32] {
        var set = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &set)
        return [SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGSEGV, SIGILL].filter { sigismember(&set, $0) == 1 }
    }
}

struct EventDescriptorTests {
    @Test func signalsBeforeTheWaitCountAsOne() throws {
        let event = try EventDescriptor()
        event.signal()
        event.signal()
        event.wait()
        #expect(!event.wait(milliseconds: 0))
    }

    @Test(arguments: [0, -1 << 40, 1]) func waitsNoLongerThanTold(_ milliseconds: Int) throws {
        // poll(2) takes a negative time for "for ever".
        #expect(try !EventDescriptor().wait(milliseconds: milliseconds))
    }
}

/// The names of this process's threads.
private func threadNames() -> [String] {
    guard let directory = opendir("/proc/self/task") else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let id = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        names.append(threadName("/proc/self/task/\(id)/comm"))
    }
    return names
}

private func threadName(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 32)
    guard fgets(&line, 32, file) != nil else { return "" }
    return String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

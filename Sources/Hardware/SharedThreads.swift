internal import Threads

/// Threads that several actors share because what they wait for can serve only one of them at a time.
enum SharedThreads {
    private struct WeakExecutor {
        weak var executor: ThreadExecutor?
    }

    private static let executors = Lock<[String: WeakExecutor]>([:])

    /// The executor of that name, started when nobody holds it; its thread ends when the last has let go of it.
    /// - Throws: why the thread cannot be started.
    static func executor(named name: String) throws -> ThreadExecutor {
        try executors.withLock { executors in
            if let executor = executors[name]?.executor { return executor }
            let executor = try ThreadExecutor(name: name)
            executors = executors.filter { $0.value.executor != nil }
            executors[name] = WeakExecutor(executor: executor)
            return executor
        }
    }
}

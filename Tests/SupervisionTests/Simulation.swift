import Glibc
import Threads

/// Runs Swift tasks on the calling thread alone, one job at a time, until none can go on.
///
/// Everything that happens is then a consequence of what the test did last, and a test knows when it is over without
/// waiting: a deadlock shows as something that did not happen. The order of the jobs is drawn from a seed, so that many
/// seeds are many interleavings and each can be repeated.
///
/// Only for code whose tasks meet nobody else: a job that another thread resumed would run elsewhere.
final class Simulation {
    /// More jobs than anything here needs between two stimuli: a loop without end.
    private static let jobLimit = 1_000_000

    /// The jobs went on without end and were dropped.
    private var isEndless = false
    private var jobs: [UnownedJob] = []
    private var random: SeededGenerator
    private var jobCount = 0

    private init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// Whatever `body` and its tasks start runs within ``settle()``.
    static func run<Result>(seed: UInt64 = 0, _ body: (Simulation) throws -> Result) rethrows -> Result {
        GlobalExecutor.redirect()
        let simulation = Simulation(seed: seed)
        let outer = GlobalExecutor.current
        GlobalExecutor.current = simulation
        defer { GlobalExecutor.current = outer }
        return try withExtendedLifetime(simulation) { try body(simulation) }
    }

    /// Runs jobs until none is left: every task waits for the test, or has ended.
    func settle() {
        jobCount = 0
        while !jobs.isEmpty {
            jobCount += 1
            if jobCount == Self.jobLimit { isEndless = true }
            // The tasks are lost, and the test has failed: what it waits for does not come.
            if isEndless { return jobs.removeAll() }
            let place = Int.random(in: 0..<jobs.count, using: &random)
            jobs.swapAt(place, jobs.count - 1)
            jobs.removeLast().runSynchronously(on: GlobalExecutor.generic)
        }
    }

    /// Runs an asynchronous call to its end.
    /// - Throws: what the call throws, and `StillWaiting` when it has not ended.
    @discardableResult
    func call<Result: Sendable>(_ operation: @escaping @Sendable () async throws -> Result) throws -> Result {
        let call = Call(operation)
        settle()
        return try call.result()
    }

    fileprivate func enqueue(_ job: UnownedJob) {
        jobs.append(job)
    }
}

/// An asynchronous call that nobody waits for, and that can be asked how it stands.
final class Call<Result: Sendable>: Sendable {
    struct StillWaiting: Error {}

    private let outcome: Lock<Swift.Result<Result, any Error>?>
    private let task: Lock<Task<Void, Never>?>

    init(_ operation: @escaping @Sendable () async throws -> Result) {
        outcome = Lock(nil)
        task = Lock(nil)
        let running = Task {
            do {
                let value = try await operation()
                outcome.withLock { $0 = .success(value) }
            } catch {
                outcome.withLock { $0 = .failure(error) }
            }
        }
        task.withLock { $0 = running }
    }

    var isOver: Bool { outcome.withLock { $0 != nil } }

    func cancel() { task.withLock { $0 }?.cancel() }

    /// - Throws: what the call threw, and `StillWaiting` when it has not ended.
    func result() throws -> Result {
        guard let outcome = outcome.withLock({ $0 }) else { throw StillWaiting() }
        return try outcome.get()
    }
}

/// The runtime's hook for jobs of the default executor. Threads without a simulation do not notice it.
private enum GlobalExecutor {
    typealias Original = @convention(thin) (UnownedJob) -> Void
    typealias Hook = @convention(thin) (UnownedJob, Original) -> Void

    /// "No executor in particular", as the runtime's own threads run jobs: two words of zero (the runtime's ABI).
    static let generic = unsafeBitCast((0, 0), to: UnownedSerialExecutor.self)

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    static var current: Simulation? {
        get { pthread_getspecific(key).map { Unmanaged.fromOpaque($0).takeUnretainedValue() } }
        set { pthread_setspecific(key, newValue.map { UnsafeRawPointer(Unmanaged.passUnretained($0).toOpaque()) }) }
    }

    static func redirect() { isRedirected }

    private static let isRedirected: Void = {
        guard let symbol = dlsym(dlopen(nil, RTLD_LAZY), "swift_task_enqueueGlobal_hook") else {
            preconditionFailure("the Swift runtime has no hook for its default executor")
        }
        symbol.assumingMemoryBound(to: Hook?.self).pointee = { job, original in
            if let simulation = current { simulation.enqueue(job) } else { original(job) }
        }
    }()
}

/// A splitmix64 generator (Steele, Lea and Flood 2014): the same numbers for the same seed, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}

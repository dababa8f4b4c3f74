import Glibc
import Testing
import Threads

/// Random trees under random failures and calls: the engine does what the model says, whatever the interleaving.
///
/// `APUS_SEED=n` runs that one scenario and prints it; `APUS_SCENARIOS=n` runs more.
@Suite(.timeLimit(.minutes(30)))
struct ModelTests {
    private static let onlySeed = getenv("APUS_SEED").flatMap { UInt64(String(cString: $0)) }
    private static let count = getenv("APUS_SCENARIOS").flatMap { UInt64(String(cString: $0)) } ?? 12_000
    /// As many as a small machine has processors.
    private static let threads: UInt64 = 2
    /// The others would most likely tell the same.
    private static let enoughFailures = 3
    /// Deep recursion in a debug build, and the main thread's usual size.
    private static let stackSize = 8 << 20

    @Test func theEngineDoesWhatTheModelSays() async throws {
        if let seed = Self.onlySeed {
            for line in try await Self.onThread({ try Self.tell(seed) }) { Issue.record("\(line)") }
            return
        }
        try await withThrowingTaskGroup(of: [String].self) { group in
            for first in 0..<Self.threads {
                group.addTask { try await Self.onThread { try Self.failures(from: first) } }
            }
            for try await failures in group {
                for failure in failures { Issue.record("\(failure)") }
            }
        }
    }

    /// Scenarios never wait: on the pool's threads they would keep all other tests waiting.
    private static func onThread(_ work: @escaping @Sendable () throws -> [String]) async throws -> [String] {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try DedicatedThread(name: "scenarios", stackSize: stackSize) {
                    continuation.resume(with: Result { try work() })
                }.detach()
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private static func failures(from first: UInt64) throws -> [String] {
        var failures: [String] = []
        for seed in stride(from: first, to: count, by: Int(threads)) where failures.count < enoughFailures {
            let scenario = ModelScenario(seed: seed)
            guard let difference = try ModelTrial.run(scenario).difference else { continue }
            let shorter = try shrink(scenario)
            let trial = try ModelTrial.run(shorter)
            failures.append(
                """
                APUS_SEED=\(seed) repeats this: \(difference)
                \(scenario)
                The same with what matters only: \(trial.difference ?? "")
                \(shorter)
                """)
        }
        return failures
    }

    /// Prints a scenario and its events. Returns what differs.
    private static func tell(_ seed: UInt64) throws -> [String] {
        let scenario = ModelScenario(seed: seed)
        let trial = try ModelTrial.run(scenario)
        print("\(scenario)\n\(trial.transcript)")
        return trial.difference.map { [$0] } ?? []
    }

    /// Leaves out stimuli as long as it still fails.
    private static func shrink(_ scenario: ModelScenario) throws -> ModelScenario {
        var shortest = scenario
        var isShorter = true
        while isShorter {
            isShorter = false
            for index in shortest.stimuli.indices.reversed() {
                var shorter = shortest
                shorter.stimuli.remove(at: index)
                if try ModelTrial.run(shorter).difference != nil {
                    shortest = shorter
                    isShorter = true
                }
            }
        }
        return shortest
    }
}

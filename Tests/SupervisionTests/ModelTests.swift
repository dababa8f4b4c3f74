import Glibc
import Testing

/// Random trees under random failures and calls: the engine does what the model says, whatever the interleaving.
@Suite(.timeLimit(.minutes(10)))
struct ModelTests {
    /// `APUS_SEED=n` runs that one scenario and prints it; `APUS_SCENARIOS=n` runs more.
    private static let onlySeed = getenv("APUS_SEED").flatMap { UInt64(String(cString: $0)) }
    private static let count = getenv("APUS_SCENARIOS").flatMap { UInt64(String(cString: $0)) } ?? 12_000
    private static let batches: UInt64 = 4

    @Test(arguments: 0..<batches) func theEngineDoesWhatTheModelSays(batch: UInt64) throws {
        if let seed = Self.onlySeed {
            guard batch == 0 else { return }
            let scenario = ModelScenario(seed: seed)
            let trial = try ModelTrial.run(scenario)
            print("\(scenario)\n\(trial.transcript)")
            if let difference = trial.difference { try Self.report(scenario, difference) }
            return
        }
        var failures = 0
        for seed in stride(from: batch, to: Self.count, by: Int(Self.batches)) {
            let scenario = ModelScenario(seed: seed)
            if let difference = try ModelTrial.run(scenario).difference {
                try Self.report(scenario, difference)
                failures += 1
                // The others would most likely tell the same.
                if failures == 3 { return }
            }
        }
    }

    private static func report(_ scenario: ModelScenario, _ difference: String) throws {
        let shorter = try shrink(scenario)
        let trial = try ModelTrial.run(shorter)
        Issue.record(
            """
            APUS_SEED=\(scenario.seed) repeats this: \(difference)
            \(scenario)
            The same with what matters only: \(trial.difference ?? "")
            \(shorter)
            \(trial.transcript)
            """)
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

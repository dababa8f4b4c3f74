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

/// One scenario, given to the model and to the engine at the same time.
private struct ModelTrial {
    private var model: Model
    private let subject: ModelSubject
    private var calls = 0
    /// What differed first.
    private(set) var difference: String?
    /// Each stimulus and the events it led to.
    private(set) var transcript = ""

    static func run(_ scenario: ModelScenario) throws -> ModelTrial {
        try Simulation.run(seed: scenario.seed) { simulation in
            var trial = ModelTrial(
                model: Model(scenario.tree), subject: try ModelSubject(scenario.tree, simulation))
            try trial.apply(.run)
            for stimulus in scenario.stimuli where trial.difference == nil { try trial.apply(stimulus) }
            try trial.end()
            return trial
        }
    }

    private init(model: Model, subject: ModelSubject) {
        self.model = model
        self.subject = subject
    }

    private mutating func apply(_ stimulus: ModelScenario.Stimulus) throws {
        let modelEvents = model.events.count
        let subjectEvents = subject.events.count
        try give(stimulus)
        let expected = Array(model.events.dropFirst(modelEvents))
        let seen = Array(subject.events.dropFirst(subjectEvents))
        transcript += "\(stimulus)\n" + seen.map { "    \($0)\n" }.joined()
        try compare("events", expected: Self.settled(expected), seen: Self.settled(seen))
        try compare("answers", expected: model.answers, seen: subject.answers)
        try compare("result", expected: model.result, seen: subject.result)
        try compare("running", expected: model.running, seen: subject.running)
        try compare("snapshot", expected: model.snapshot(), seen: try subject.snapshot())
    }

    private mutating func compare<Value: Equatable>(_ what: String, expected: Value, seen: Value) throws {
        guard difference == nil, expected != seen else { return }
        difference = "\(what) after\n\(transcript)expected \(expected)\nseen     \(seen)"
    }

    /// The children of a dynamic supervisor end in any order.
    private static func settled(_ events: [String]) -> [String] {
        var settled: [String] = []
        var run: [String] = []
        for event in events {
            if event.contains("#") {
                run.append(String(event.prefix { $0 != "," }))
            } else {
                settled += run.sorted() + [event]
                run = []
            }
        }
        return settled + run.sorted()
    }

    private mutating func give(_ stimulus: ModelScenario.Stimulus) throws {
        switch stimulus {
        case .pass(let time): advance(to: model.now + time)
        case .untilDue: if let next = model.nextDeadline { advance(to: next.moment) }
        case .end(let path, let reason):
            model.end(path, reason)
            subject.puppet(path) { $0.end(reason) }
        case .checkIn(let path):
            model.checkIn(path)
            subject.puppet(path) { $0.checkIn() }
        case .release(let path):
            model.release(path)
            subject.puppet(path) { $0.release() }
        case .plan(let path, let starts):
            model.puppets[path, default: PuppetPlan()].starts = starts
            subject.puppet(path) { $0.plan(starts) }
        case .react(let path, let reaction):
            model.puppets[path, default: PuppetPlan()].onCancel = reaction
            subject.puppet(path) { $0.react(reaction) }
        case .call(let path, let request):
            calls += 1
            model.call(calls, of: path, request)
            try subject.call(calls, of: path, request)
        case .cancelCall(let number):
            model.cancelCall(number)
            subject.cancelCall(number)
        case .cancelRoot:
            model.cancelRoot()
            subject.cancelRoot()
        case .run:
            if model.isBegun, model.result == nil { return }
            model.run()
            subject.run()
        }
    }

    /// Never past a deadline, and not to one that several share whose order nothing fixes.
    private mutating func advance(to moment: Int) {
        var moment = moment
        if let next = model.nextDeadline, next.moment <= moment {
            moment = next.isOrdered ? next.moment : next.moment - 1
        }
        guard moment > model.now else { return }
        let time = moment - model.now
        model.advance(to: moment)
        subject.advance(by: time)
    }

    /// Whatever has happened: told to stop, everything ends once nothing hangs any more.
    private mutating func end() throws {
        guard difference == nil else { return }
        subject.cancelRoot()
        // Each may be in a start that hangs, then in a body that does, and so may those in the tree after it.
        for _ in 0..<100 where subject.result == nil { subject.releaseAll() }
        try compare("the end", expected: true, seen: subject.result != nil)
        subject.releaseAll()
        try compare("running after the end", expected: [], seen: subject.running)
        try compare("calls without an answer", expected: 0, seen: subject.openCalls)
    }
}

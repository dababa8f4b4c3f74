/// One scenario, given to the engine and to the model, compared after each stimulus.
struct ModelTrial {
    /// What differed first.
    private(set) var difference: String?
    /// Each stimulus and the events it led to.
    private(set) var transcript = ""

    /// Enough for those that up to 100,000 scenarios need, and few scenarios need any.
    private static let orders: UInt64 = 3000

    private var model: Model
    private let subject: ModelSubject
    private var calls = 0

    static func run(_ scenario: ModelScenario) throws -> ModelTrial {
        try Simulation.run(seed: scenario.seed) { simulation in
            let subject = try ModelSubject(scenario.tree, simulation)
            var trial = ModelTrial(model: Model(scenario.tree), subject: subject)
            for stimulus in [.run] + scenario.stimuli where trial.difference == nil { try trial.apply(stimulus) }
            trial.end()
            return trial
        }
    }

    private init(model: Model, subject: ModelSubject) {
        self.model = model
        self.subject = subject
    }

    private mutating func apply(_ stimulus: ModelScenario.Stimulus) throws {
        let before = model
        let moment = self.moment(after: stimulus)
        if case .call = stimulus { calls += 1 }
        if case .run = stimulus, !model.canRun { return }
        let seenBefore = subject.events.count
        try give(stimulus, until: moment)
        let seen = Array(subject.events.dropFirst(seenBefore))
        let snapshot = try subject.snapshot()
        transcript += "\(stimulus)\n" + seen.map { "    \($0)\n" }.joined()

        consider(stimulus, until: moment)
        guard let difference = compare(before, seen, snapshot) else { return }
        // Supervisors that act at the same time may do so in any order, as long as there is one that explains it all.
        // Rarely needed: mostly one thing follows from the other.
        for seed in 1...Self.orders {
            model = before
            model.turns = ModelTurns(seed: seed)
            consider(stimulus, until: moment)
            model.turns = nil
            if compare(before, seen, snapshot, isConcurrent: true) == nil { return }
        }
        self.difference = difference
    }

    /// Where the stimulus moves the clock to: never past a deadline, and not to one that several share whose order
    /// nothing fixes.
    private func moment(after stimulus: ModelScenario.Stimulus) -> Int {
        let next = model.nextDeadline
        let wanted =
            switch stimulus {
            case .pass(let time): model.now + time
            case .untilDue: next?.moment ?? model.now
            default: model.now
            }
        guard let next, next.moment <= wanted else { return wanted }
        return next.isOrdered ? next.moment : max(model.now, next.moment - 1)
    }

    private func give(_ stimulus: ModelScenario.Stimulus, until moment: Int) throws {
        switch stimulus {
        case .pass, .untilDue: subject.advance(by: moment - model.now)
        case .end(let path, let reason): subject.performer(path) { $0.end(reason) }
        case .checkIn(let path): subject.performer(path) { $0.checkIn() }
        case .release(let path): subject.performer(path) { $0.release() }
        case .plan(let path, let starts): subject.performer(path) { $0.plan(starts) }
        case .react(let path, let reaction): subject.performer(path) { $0.react(reaction) }
        case .call(let path, let request): try subject.call(calls, of: path, request)
        case .cancelCall(let number): subject.cancelCall(number)
        case .cancelRoot: subject.cancelRoot()
        case .run: subject.run()
        }
    }

    private mutating func consider(_ stimulus: ModelScenario.Stimulus, until moment: Int) {
        switch stimulus {
        case .pass, .untilDue: model.advance(to: moment)
        case .end(let path, let reason): model.end(path, reason)
        case .checkIn(let path): model.checkIn(path)
        case .release(let path): model.release(path)
        case .plan(let path, let starts): model.performers[path, default: Performance()].starts = starts
        case .react(let path, let reaction): model.performers[path, default: Performance()].onCancel = reaction
        case .call(let path, let request): model.call(calls, of: path, request)
        case .cancelCall(let number): model.cancelCall(number)
        case .cancelRoot: model.cancelRoot()
        case .run: model.run()
        }
    }

    private func compare(
        _ before: Model, _ seen: [String], _ snapshot: String, isConcurrent: Bool = false
    ) -> String? {
        let expected = Self.settled(Array(model.events.dropFirst(before.events.count)))
        let seen = Self.settled(seen)
        let isSame =
            isConcurrent ? Self.ownEvents(expected) == Self.ownEvents(seen) : expected == seen
        return (isSame ? nil : compare("events", expected: expected, seen: seen))
            ?? compare("answers", expected: model.answers, seen: subject.answers)
            ?? compare("result", expected: model.result, seen: subject.result)
            ?? compare("running", expected: model.running, seen: subject.running)
            ?? compare("snapshot", expected: model.snapshot(), seen: snapshot)
    }

    private func compare<Value: Equatable>(_ what: String, expected: Value, seen: Value) -> String? {
        expected == seen ? nil : "\(what) after\n\(transcript)expected \(expected)\nseen     \(seen)"
    }

    /// For each supervisor the events of its children and its own: they are ordered whatever others do meanwhile.
    private static func ownEvents(_ events: [String]) -> [Substring: [String]] {
        var own: [Substring: [String]] = [:]
        for event in events {
            let path = event.prefix { $0 != " " }
            own[path, default: []].append(event)
            if let slash = path.lastIndex(of: "/") { own[path[..<slash], default: []].append(event) }
        }
        return own
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

    /// Whatever has happened: told to stop, everything ends once nothing hangs any more.
    private mutating func end() {
        guard difference == nil else { return }
        subject.cancelRoot()
        // Each may hang in its start, then in its body, and so may those whose turn comes after it.
        for _ in 0..<100 where subject.result == nil { subject.releaseAll() }
        let hasEnded = subject.result != nil
        subject.releaseAll()
        difference =
            compare("the end", expected: true, seen: hasEnded)
            ?? compare("running after the end", expected: [], seen: subject.running)
            ?? compare("calls without an answer", expected: 0, seen: subject.openCalls)
    }
}

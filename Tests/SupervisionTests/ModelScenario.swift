import Supervision

/// A tree and what happens to it, as plain data: printable, repeatable, and shorter when a stimulus is left out.
struct ModelScenario {
    enum Stimulus: Equatable {
        /// Until a deadline, or for less when one comes before.
        case pass(Int)
        /// Until the next deadline.
        case untilDue
        case end(Model.Path, Model.Reason)
        case checkIn(Model.Path)
        case release(Model.Path)
        case plan(Model.Path, [Performance.Start])
        case react(Model.Path, Performance.Reaction)
        case call(Model.Path, ModelRequest)
        /// The n-th of all calls so far.
        case cancelCall(Int)
        case cancelRoot
        /// Only after the root has ended.
        case run
    }

    let seed: UInt64
    let tree: ModelTree
    var stimuli: [Stimulus]

    init(seed: UInt64) {
        self.seed = seed
        var maker = Maker(random: SeededGenerator(seed: seed))
        tree = maker.tree(path: Model.root, depth: 0)
        stimuli = []
        let count = Int.random(in: 5...30, using: &maker.random)
        while stimuli.count < count { stimuli.append(maker.stimulus(tree)) }
    }
}

extension ModelScenario: CustomStringConvertible {
    var description: String {
        "seed \(seed)\n\(tree)\n" + stimuli.map { "  - \($0)" }.joined(separator: "\n")
    }
}

extension ModelScenario.Stimulus: CustomStringConvertible {
    var description: String {
        switch self {
        case .pass(let time): "\(time) ms pass"
        case .untilDue: "time passes until something is due"
        case .end(let path, .normal): "\(path) returns"
        case .end(let path, .cancelled): "\(path) throws CancellationError"
        case .end(let path, .failure(let error)): "\(path) throws \(error)"
        case .checkIn(let path): "\(path) checks in"
        case .release(let path): "\(path) hangs no longer"
        case .plan(let path, let starts):
            "\(path)'s next starts: " + starts.map { "\($0)" }.joined(separator: ", ")
        case .react(let path, let reaction): "\(path) when cancelled: \(reaction)"
        case .call(let path, let request): "\(path) is asked: \(request)"
        case .cancelCall(let number): "call \(number) is cancelled"
        case .cancelRoot: "the root is cancelled"
        case .run: "the root runs"
        }
    }
}

/// Draws trees and stimuli. What it favours is what leads somewhere: few first starts fail, most limits are low.
private struct Maker {
    var random: SeededGenerator
    var workers: [Model.Path] = []
    var supervisors: [Model.Path] = []
    var pools: [Model.Path] = []
    var newNames = 0

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &random) }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func tree(path: Model.Path, depth: Int) -> ModelTree {
        var tree = ModelTree()
        tree.strategy = pick([.oneForOne, .oneForAll, .restForOne]) ?? .oneForOne
        tree.restarts = number(0...5)
        tree.period = number(1...20_000)
        if chance(40) { tree.autoShutdown = pick([.anySignificant, .allSignificant]) ?? .never }
        if chance(30) { tree.abandonedLimit = number(0...2) }
        if depth > 0, chance(25) {
            pools.append(path)
            tree.isDynamic = true
            tree.strategy = .oneForOne
            tree.autoShutdown = .never
            if chance(50) { tree.maxChildren = number(0...3) }
            var template = worker(String(path.split(separator: "/").last ?? "pool"), .never)
            template.isSignificant = false
            tree.children = [template]
            workers += (1...3).map { "\(path)/\(template.name)#\($0)" }
            return tree
        }
        supervisors.append(path)
        for name in ["a", "b", "c", "d"].prefix(number(depth == 0 ? 1...4 : 0...4)) {
            if depth < 2, chance(25) {
                tree.children.append(
                    nested(name, tree.autoShutdown, self.tree(path: "\(path)/\(name)", depth: depth + 1)))
            } else {
                tree.children.append(worker(name, tree.autoShutdown))
                workers.append("\(path)/\(name)")
            }
        }
        return tree
    }

    mutating func restart() -> Restart { pick([.permanent, .permanent, .transient, .temporary]) ?? .permanent }

    mutating func nested(_ name: String, _ autoShutdown: AutoShutdown, _ tree: ModelTree) -> ModelSpec {
        var spec = ModelSpec(name: name, shutdown: nil, startDeadline: nil, tree: tree)
        spec.restart = restart()
        spec.isSignificant = autoShutdown != .never && spec.restart != .permanent && chance(60)
        if chance(25) { spec.backoff = backoff() }
        return spec
    }

    mutating func worker(_ name: String, _ autoShutdown: AutoShutdown) -> ModelSpec {
        var spec = ModelSpec(name: name)
        spec.restart = restart()
        spec.isSignificant = autoShutdown != .never && spec.restart != .permanent && chance(60)
        spec.shutdown = chance(10) ? nil : chance(10) ? 0 : number(1...9000)
        if chance(25) { spec.backoff = backoff() }
        spec.startDeadline = chance(20) ? nil : number(1...60_000)
        if chance(40) { spec.liveness = number(1...30_000) }
        return spec
    }

    mutating func backoff() -> Backoff {
        let initial = number(1...2000)
        return Backoff(
            initial: .milliseconds(initial), maximum: .milliseconds(initial * number(1...10)),
            resetAfter: .milliseconds(number(1...20_000)), jitter: 0)
    }

    mutating func stimulus(_ tree: ModelTree) -> ModelScenario.Stimulus {
        guard let worker = pick(workers) else { return .untilDue }
        switch number(0...99) {
        case 0..<25: return .end(worker, pick([.failure("oops"), .failure("oops"), .normal, .cancelled]) ?? .normal)
        case 25..<35: return .pass(number(1...10_000))
        case 35..<50: return .untilDue
        case 50..<54: return .checkIn(worker)
        case 54..<62: return .release(worker)
        case 62..<74: return .plan(worker, (0..<number(1...3)).compactMap { _ in pick(Performance.Start.allCases) })
        case 74..<80: return .react(worker, pick([.isDeaf, .isDeaf] + Performance.Reaction.allCases) ?? .isDeaf)
        case 80..<95: return request() ?? .untilDue
        case 95: return .cancelCall(number(0...5))
        case 96: return .cancelRoot
        default: return .run
        }
    }

    mutating func request() -> ModelScenario.Stimulus? {
        if !pools.isEmpty, chance(50), let pool = pick(pools) {
            let name = String(pool.split(separator: "/").last ?? "pool")
            return .call(pool, chance(70) ? .startDynamic : .stop("\(name)#\(number(1...3))"))
        }
        guard let path = pick(supervisors) else { return nil }
        let name = pick(["a", "b", "c", "d", "e"]) ?? "a"
        switch number(0...9) {
        case 0..<2: return .call(path, .start(anySpec(chance(50) ? name : newName(), path)))
        case 2..<5: return .call(path, .stop(name))
        case 5..<7: return .call(path, .restart(name))
        case 7..<8: return .call(path, .delete(name))
        default:
            var changed = ModelTree()
            changed.strategy = pick([.oneForOne, .oneForAll, .restForOne]) ?? .oneForOne
            changed.restarts = number(0...5)
            changed.period = number(1...20_000)
            changed.autoShutdown = pick([.never, .anySignificant, .allSignificant]) ?? .never
            changed.abandonedLimit = number(0...4)
            // Workers, of names that no nested supervisor has.
            let nested = Set(supervisors + pools)
            let names = ["a", "b", "c", "d"].filter { !nested.contains("\(path)/\($0)") && chance(30) }
            for name in names { changed.children.append(anySpec(name, path)) }
            if chance(5), let first = changed.children.first { changed.children.append(first) }
            return .call(path, .reconfigure(changed))
        }
    }

    /// Also one that its supervisor may refuse.
    mutating func anySpec(_ name: String, _ parent: Model.Path) -> ModelSpec {
        var spec = worker(name, .never)
        if chance(20) { spec.isSignificant = true }
        let path = "\(parent)/\(name)"
        if !workers.contains(path), !supervisors.contains(path), !pools.contains(path) { workers.append(path) }
        return spec
    }

    mutating func newName() -> String {
        newNames += 1
        return "n\(newNames)"
    }
}

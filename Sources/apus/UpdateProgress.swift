internal import Bundle
internal import Glibc
internal import JSON
internal import Updating

/// Shows how an update goes on: a bar on a terminal, a line for each tenth elsewhere, JSON lines for programs.
final class UpdateProgress {
    private let isJSON: Bool
    private let isTerminal: Bool
    /// The last step shown: of the bar, or tenths.
    private var shown = -1
    private var isBarOpen = false

    private static let barWidth = 30

    init(isJSON: Bool) {
        self.isJSON = isJSON
        isTerminal = isatty(STDERR_FILENO) == 1
    }

    func show(_ event: UpdateEvent) {
        switch event {
        case .accepted(let manifest, let running, let target):
            tell(
                "installing \(manifest.product) \(manifest.version) (\(Nickname(of: manifest.id))) into slot "
                    + "\(target.rawValue)\(running.map { " over \($0)" } ?? "")",
                [
                    "event": "accepted", "product": .string(manifest.product), "version": .string(manifest.version),
                    "id": .string(manifest.id), "nickname": "\(Nickname(of: manifest.id))",
                    "slot": .string(target.rawValue), "running": running.map { .string($0) } ?? .null,
                ])
        case .planned(let plan):
            tell(
                "\(Output.size(plan.size)): \(Output.size(plan.inPlace)) there already, "
                    + "\(Output.size(plan.copied)) in the running slot, \(Output.size(plan.zero)) of zeros, "
                    + "\(Output.size(plan.stored)) to fetch",
                [
                    "event": "planned", "size": number(plan.size), "inPlace": number(plan.inPlace),
                    "copied": number(plan.copied), "zero": number(plan.zero), "fetched": number(plan.fetched),
                    "stored": number(plan.stored), "requests": number(plan.requests),
                ])
        case .progress(let done, let total, let fetched): step(done, total, fetched)
        case .retrying(let error, let pause):
            tell(
                "\(error.fact); again in \(pause.components.seconds) s",
                [
                    "event": "retrying", "reason": .string(error.fact), "pause": .integer(pause.components.seconds),
                ])
        case .verifying: tell("reading back what was written", ["event": "verifying"])
        case .note(let text): tell("note: \(text)", ["event": "note", "text": .string(text)])
        }
    }

    /// Leaves the terminal in order when the update failed.
    func end() { closeBar() }

    func end(_ result: UpdateResult) {
        closeBar()
        let manifest = result.manifest
        if isJSON {
            Output.json([
                "event": "done", "outcome": .string(result.outcome.rawValue), "version": .string(manifest.version),
                "id": .string(manifest.id), "slot": .string(result.slot.rawValue), "fetched": number(result.fetched),
                "written": number(result.written),
            ])
            return
        }
        let name = "\(manifest.product) \(manifest.version) (\(Nickname(of: manifest.id)))"
        switch result.outcome {
        case .alreadyInstalled: Output.line("\(name) is what runs already; nothing was done")
        case .installed:
            Output.line(
                "slot \(result.slot.rawValue) holds \(name): \(Output.size(result.fetched)) fetched, "
                    + "\(Output.size(result.written)) written; it boots at the next restart, on trial")
        }
    }

    private func tell(_ text: String, _ json: JSON) {
        closeBar()
        if isJSON { Output.json(json) } else { Output.note(text) }
    }

    private func step(_ done: Int, _ total: Int, _ fetched: Int) {
        let percent = total > 0 ? done * 100 / total : 100
        let now = isTerminal || isJSON ? percent : percent / 10 * 10
        guard now != shown else { return }
        shown = now
        if isJSON {
            Output.json([
                "event": "progress", "done": number(done), "total": number(total), "fetched": number(fetched),
            ])
        } else if isTerminal {
            let filled = percent * Self.barWidth / 100
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.barWidth - filled)
            Output.write("\r[\(bar)] \(percent) %  \(Output.size(fetched)) fetched  ", to: STDERR_FILENO)
            isBarOpen = true
        } else {
            Output.note("\(now) %, \(Output.size(fetched)) fetched")
        }
    }

    private func closeBar() {
        if isBarOpen { Output.write("\n", to: STDERR_FILENO) }
        isBarOpen = false
    }

    private func number(_ value: Int) -> JSON { .integer(Int64(value)) }
}

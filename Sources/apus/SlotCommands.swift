internal import BootState
internal import Bundle
internal import Card
internal import JSON
internal import Updating

extension Command {
    static let slots = Command(
        name: "slots", summary: "show both slots and the boot state", argument: nil, options: [.card, .running, .json],
        discussion: """
            Shows for each slot what it holds and whether it runs, is confirmed, is on trial or must not be started, and
            why a version was last given up.
            """,
        examples: [("apus slots", "for people"), ("apus slots --json", "for programs")],
        run: { arguments throws(UpdateError) in try showSlots(arguments) })

    static let confirm = Command(
        name: "confirm", summary: "keep the running version", argument: nil, options: [.card, .running],
        discussion: """
            Ends the trial of the running slot: it is the one that boots from now on. Usually the app's health does it.
            """,
        examples: [("apus confirm", "keep what runs")],
        run: { arguments throws(UpdateError) in
            let target = try Target(arguments, isWritable: true)
            try change(target) { state throws(BootStateError) in try state.confirm(running: target.running) }
            Output.line("slot \(target.running.rawValue) is confirmed")
        })

    static let rollback = Command(
        name: "rollback", summary: "go back to the version before", argument: nil, options: [.card, .running],
        discussion: """
            Ends a trial: the confirmed slot boots next. Where nothing is on trial the other slot is put on trial, which
            holds the version before, if it may be started.
            """,
        examples: [("apus rollback && reboot", "go back now")],
        run: { arguments throws(UpdateError) in
            let target = try Target(arguments, isWritable: true)
            let state = try change(target) { state throws(BootStateError) in
                state.trial == nil ? try state.revert() : try state.rollBack(.user)
            }
            Output.line(
                state.trial.map { "slot \($0.slot.rawValue) boots at the next restart, on trial" }
                    ?? "slot \(state.active.rawValue) boots at the next restart")
        })

    @discardableResult
    private static func change(
        _ target: Target, _ body: (BootState) throws(BootStateError) -> BootState
    ) throws(UpdateError) -> BootState {
        do throws(CardError) {
            return try BootStateStore(target.card).write(body)
        } catch .bootState(let error) {
            throw .bootState(error)
        } catch {
            throw .card(error)
        }
    }

    private static func showSlots(_ arguments: Arguments) throws(UpdateError) {
        let target = try Target(arguments, isWritable: false)
        let status = try CardStatus(of: target.card, path: target.path)
        if arguments.has("--json") { return Output.json(json(status, running: target.running)) }
        for slot in Slot.allCases {
            let words = roles(slot, status.state, running: target.running).joined(separator: ", ")
            let content = status.manifests[slot].map {
                "\($0.product) \($0.version) (\(Nickname(of: $0.id))) for \($0.board)"
            }
            Output.line("slot \(slot.rawValue): \(content ?? "unknown content")\(words.isEmpty ? "" : "; \(words)")")
        }
        if status.state == nil { Output.line("the boot state cannot be read; slot a boots, or else slot b") }
        if let failure = status.state?.lastFailure {
            Output.line("last given up: slot \(failure.slot.rawValue) \(failure.reason)")
        }
    }

    private static func roles(_ slot: Slot, _ state: BootState?, running: Slot) -> [String] {
        var words: [String] = []
        if slot == running { words.append("running") }
        if slot == state?.active { words.append("confirmed") }
        if let trial = state?.trial, trial.slot == slot {
            words.append("on trial, \(trial.failuresLeft) failures and \(trial.startsLeft) starts left")
        }
        if slot == state?.bad { words.append("must not be started") }
        return words
    }

    private static func json(_ status: CardStatus, running: Slot) -> JSON {
        var slots = JSON.Object()
        for slot in Slot.allCases {
            guard let manifest = status.manifests[slot] else {
                slots[slot.rawValue] = .null
                continue
            }
            slots[slot.rawValue] = [
                "product": .string(manifest.product), "version": .string(manifest.version),
                "board": .string(manifest.board), "id": .string(manifest.id),
                "nickname": "\(Nickname(of: manifest.id))",
            ]
        }
        let state = status.state
        let trial: JSON? = state?.trial.map {
            [
                "slot": .string($0.slot.rawValue), "failuresLeft": .integer(Int64($0.failuresLeft)),
                "startsLeft": .integer(Int64($0.startsLeft)),
            ]
        }
        let failure: JSON? = state?.lastFailure.map {
            ["slot": .string($0.slot.rawValue), "reason": .string($0.reason.rawValue)]
        }
        return [
            "running": .string(running.rawValue), "confirmed": state.map { .string($0.active.rawValue) } ?? .null,
            "trial": trial ?? .null, "bad": state?.bad.map { .string($0.rawValue) } ?? .null,
            "lastFailure": failure ?? .null, "slots": .object(slots),
        ]
    }
}

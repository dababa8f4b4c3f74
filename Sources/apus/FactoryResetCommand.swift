internal import BootState
internal import Card
internal import Glibc
internal import Updating

extension Command {
    static let factoryReset = Command(
        name: "factory-reset", summary: "empty the data partition and start anew", argument: nil,
        options: [
            .card,
            Option(name: "--yes", value: nil, help: "do not ask"),
        ],
        discussion: """
            Marks the card and restarts; the next start makes the data partition anew. All that the app and you have stored
            under /data is lost. What was provisioned when the card was burned stays, as do both versions of the firmware.
            With --card the card is only marked.
            """,
        examples: [
            ("apus factory-reset", "asks, then restarts"), ("apus factory-reset --yes", "for programs"),
        ],
        run: { arguments throws(UpdateError) in
            let target = try Target(arguments, isWritable: true)
            guard arguments.has("--yes") || isConfirmed(target.path) else {
                Output.line("nothing was changed")
                return
            }
            do throws(CardError) {
                // On any other disk the mark would overwrite what is not ours.
                _ = try CardLayout(of: target.card, path: target.path)
                try FactoryReset(target.card).request()
            } catch {
                throw .card(error)
            }
            guard !arguments.has("--card") else {
                return Output.line("the next start from \(target.path) empties its data partition")
            }
            Output.line("the data partition is emptied at the next start; restarting")
            try Restart.request()
        })

    private static func isConfirmed(_ path: String) -> Bool {
        Output.write("All data under /data of \(path) will be lost. Go on? [y/N] ", to: STDERR_FILENO)
        guard let answer = readLine(strippingNewline: true) else { return false }
        return ["y", "yes"].contains(answer.lowercased())
    }
}

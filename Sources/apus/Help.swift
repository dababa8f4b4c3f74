/// The texts of `--help`.
enum Help {
    static var overview: String {
        """
        apus: update the firmware of this device, safely, see to its readings and its hardware.

        USAGE: apus COMMAND [OPTIONS]

        COMMANDS
        \(list(Apus.commands))

        EXAMPLES
          apus update https://updates.example/station.apus
          apus slots

        apus COMMAND --help tells more. Exit codes: 0 done, 2 wrong usage, others by reason (docs/updates.md).
        """
    }

    static func list(_ commands: [Command]) -> String {
        let width = commands.map(\.name.count).max() ?? 0
        return commands.map { "  \(padded($0.name, width))  \($0.summary)" }.joined(separator: "\n")
    }

    static func text(of command: Command) -> String {
        let names =
            command.options.map { option in option.value.map { "\(option.name) \($0)" } ?? option.name } + ["--help"]
        let width = names.map(\.count).max() ?? 0
        let helps = command.options.map(\.help) + ["show this"]
        let options = zip(names, helps).map { "  \(padded($0, width))  \($1)" }.joined(separator: "\n")
        let examples = command.examples.map { "  \($0.line)\n      \($0.meaning)" }.joined(separator: "\n")
        return """
            apus \(command.name): \(command.summary)

            USAGE: apus \(command.name)\(command.argument.map { " \($0)" } ?? "") [OPTIONS]

            \(command.discussion)

            OPTIONS
            \(options)

            EXAMPLES
            \(examples)
            """
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// One of the things `apus` does.
struct Command: Sendable {
    struct Option: Sendable {
        /// With its dashes.
        let name: String
        /// What stands for the value in the help; nil for a switch.
        let value: String?
        let help: String
    }

    /// One word, or two where several commands are about the same thing.
    let name: String
    /// One line.
    let summary: String
    /// Names of the arguments; nil when there is none.
    let argument: String?
    /// How many there must be.
    var count = 1...1
    let options: [Option]
    let discussion: String
    /// Command lines and what they do.
    let examples: [(line: String, meaning: String)]
    let run: @Sendable (Arguments) throws -> Void
}

extension Command.Option {
    static let card = Command.Option(
        name: "--card", value: "PATH", help: "the card or an image of one; default: the device's own card")
    static let running = Command.Option(
        name: "--running", value: "a|b",
        help: "with --card: the slot to take for the running one; default: the confirmed one")
    static let json = Command.Option(name: "--json", value: nil, help: "print JSON, for programs")
}

/// Why a GPIO line cannot be used, each naming the chip and the line.
public enum GPIOError: Error, Sendable, Hashable {
    /// No chip has the label. `present`: the labels there are; `unreadable`: chips that could not be opened, and why.
    case noChip(label: String, present: [String], unreadable: [String])
    /// The chip has no line of that number.
    case noSuchLine(chip: String, offset: Int, lines: Int)
    /// Someone else uses the line; `consumer` is the name they gave, empty when none.
    case busy(chip: String, offset: Int, consumer: String)
    /// The line was released before.
    case released(chip: String, offset: Int)
    /// The kernel refused, or the chip disappeared.
    case failed(chip: String, offset: Int, operation: String, reason: String)
}

extension GPIOError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noChip(let label, let present, let unreadable):
            "no GPIO chip is labelled \"\(label)\": "
                + (present.isEmpty ? "this machine has none" : "this machine has \(quoted(present))")
                + unreadable.map { "; cannot open \($0)" }.joined()
        case .noSuchLine(let chip, let offset, let lines):
            "the GPIO chip \(chip) has no line \(offset), only 0 to \(lines - 1)"
        case .busy(let chip, let offset, let consumer):
            "line \(offset) of the GPIO chip \(chip) is in use"
                + (consumer.isEmpty ? " by an unnamed consumer" : " by \"\(consumer)\"")
        case .released(let chip, let offset):
            "line \(offset) of the GPIO chip \(chip) was released"
        case .failed(let chip, let offset, let operation, let reason):
            "cannot \(operation) line \(offset) of the GPIO chip \(chip): \(reason)"
        }
    }

    private func quoted(_ labels: [String]) -> String {
        labels.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}

/// Why a GPIO line cannot be used, each naming the chip and the line.
public enum GPIOError: Error, Sendable, Hashable {
    /// No chip has the label. `present`: the labels there are; `unreadable`: chips that could not be opened, and why.
    case noChip(label: String, present: [String], unreadable: [String])
    /// The chip's device node cannot be used.
    case unreadableChip(path: String, reason: String)
    /// The chip has no line of that number.
    case noSuchLine(chip: String, offset: Int, lines: Int)
    /// No line has the name.
    case noLineNamed(String)
    /// Several lines have the name.
    case ambiguousName(String, chips: [String])
    /// The board's header has no GPIO line at that pin.
    case noHeaderPin(Int, known: [Int])
    /// Nothing says which chip the board's lines belong to.
    case noBoardChip
    /// Someone else uses the line; `consumer` is the name they gave, empty when none.
    case busy(chip: String, offset: Int, consumer: String)
    /// The line was released before.
    case released(chip: String, offset: Int)
    /// No request can have this many lines.
    case invalidCount(chip: String, count: Int, needed: ClosedRange<Int>)
    /// A request names a line twice.
    case repeatedLine(chip: String, offset: Int)
    /// No chip can wait for so long, or for less than nothing.
    case invalidDebounce(chip: String, offset: Int, Duration)
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
        case .unreadableChip(let path, let reason):
            "cannot use the GPIO chip \(path): \(reason)"
        case .noSuchLine(let chip, let offset, let lines):
            "the GPIO chip \(chip) has no line \(offset), "
                + (lines > 0 ? "only 0 to \(lines - 1)" : "nor any other")
        case .noLineNamed(let name):
            "no GPIO line is called \"\(name)\"; `apus gpio info` shows the names there are"
        case .ambiguousName(let name, let chips):
            "several GPIO lines are called \"\(name)\", on \(quoted(Set(chips).sorted())); name it by chip and number instead"
        case .noHeaderPin(let pin, let known):
            "the board has no GPIO line at header pin \(pin)"
                + (known.isEmpty ? "" : ", only at \(known.map { "\($0)" }.joined(separator: ", "))")
        case .noBoardChip:
            "the board has no GPIO chip (gpio.label in its configuration)"
        case .busy(let chip, let offset, let consumer):
            "line \(offset) of the GPIO chip \(chip) is in use"
                + (consumer.isEmpty ? " by an unnamed consumer" : " by \"\(consumer)\"")
        case .released(let chip, let offset):
            "line \(offset) of the GPIO chip \(chip) was released"
        case .invalidCount(let chip, let count, let needed):
            "a request of the GPIO chip \(chip) cannot have \(count) lines, "
                + "only \(needed.lowerBound) to \(needed.upperBound)"
        case .repeatedLine(let chip, let offset):
            "a request of the GPIO chip \(chip) names line \(offset) twice"
        case .invalidDebounce(let chip, let offset, let period):
            "line \(offset) of the GPIO chip \(chip) cannot be debounced for \(period), "
                + "only for 0 to \(LineOptions.longestDebounce)"
        case .failed(let chip, let offset, let operation, let reason):
            "cannot \(operation) line \(offset) of the GPIO chip \(chip): \(reason)"
        }
    }

    private func quoted(_ labels: [String]) -> String {
        labels.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}

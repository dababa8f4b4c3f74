internal import Hardware

/// The GPIO lines a command names.
struct Lines {
    struct Line {
        /// As the user wrote it.
        let name: String
        let chip: GPIOChip
        let offset: Int
    }

    let lines: [Line]

    /// - Throws: ``UsageError``, `GPIOError`.
    init(_ names: [String]) throws {
        let board = Settings.read("/etc/apus/board.conf")
        let directory = LineDirectory { board[$0] }
        lines = try names.map { name in
            guard let parsed = LineName(name) else { throw UsageError(reason: "the name of a line is empty") }
            let (chip, offset) = try directory.find(parsed)
            return Line(name: name, chip: chip, offset: offset)
        }
    }

    /// The lines of each chip, in the order they were named: those of one chip are requested at once.
    var byChip: [(chip: GPIOChip, lines: [Line])] {
        var groups: [(chip: GPIOChip, lines: [Line])] = []
        for line in lines {
            if let index = groups.firstIndex(where: { $0.chip.label == line.chip.label }) {
                groups[index].lines.append(line)
            } else {
                groups.append((line.chip, [line]))
            }
        }
        return groups
    }

    /// - Throws: ``UsageError`` for a word that is none of the choices.
    static func choice<Value>(
        _ arguments: Arguments, _ option: String, _ choices: [(word: String, value: Value)], default value: Value
    ) throws(UsageError) -> Value {
        guard let word = arguments[option] else { return value }
        guard let choice = choices.first(where: { $0.word == word }) else {
            throw UsageError(reason: "\(option) is one of \(choices.map(\.word).joined(separator: ", "))")
        }
        return choice.value
    }

    static func bias(_ arguments: Arguments) throws(UsageError) -> LineBias {
        try choice(
            arguments, "--bias", [("as-is", .asIs), ("up", .pullUp), ("down", .pullDown), ("off", .disabled)],
            default: .asIs)
    }
}

extension Command.Option {
    static let bias = Command.Option(
        name: "--bias", value: "as-is|up|down|off", help: "the chip's own pull resistor; default: as-is")
    static let activeLow = Command.Option(
        name: "--active-low", value: nil, help: "turn the meaning of the levels round")
}

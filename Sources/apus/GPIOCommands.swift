internal import Glibc
internal import Hardware
internal import JSON
internal import Threads

extension Command {
    private static let lineNames = """
        A line is named as the app names it: GPIO17 by its number in the board's chip, PIN11 by the pin of the header,
        CHIP:17 by a chip's label and the number in that, or by the name the device tree gives it.
        """

    static let gpioInfo = Command(
        name: "gpio info", summary: "show GPIO chips, lines and who uses them", argument: "[LINE...]", count: 0...64,
        options: [
            Option(name: "--follow", value: nil, help: "then show who takes lines of one chip and gives them back"),
            Option(name: "--count", value: "N", help: "with --follow: end after so many changes"),
            .json,
        ],
        discussion: """
            Takes no line and disturbs nobody. Without a line it shows all of all chips. With --follow it shows each change
            as it comes: requested, released or reconfigured, the time in seconds since the start of the machine, and the
            line as it is then.
            \(lineNames)
            """,
        examples: [
            ("apus gpio info", "everything"), ("apus gpio info GPIO17 --json", "one line, for programs"),
            ("apus gpio info GPIO17 --follow", "who uses a line, until Ctrl-C"),
        ],
        run: { arguments in try showLines(arguments) })

    static let gpioGet = Command(
        name: "gpio get", summary: "read GPIO lines", argument: "LINE...", count: 1...64,
        options: [.bias, .activeLow, .json],
        discussion: """
            Takes the lines for a moment, those of one chip at once, and shows 1 for high and 0 for low. An output stays one,
            unless with --bias, which makes all of them inputs. A line that is in use is refused, and its user named; but
            not one that the board uses for something else, such as I2C: on a Pi that ends until the next start.
            \(lineNames)
            """,
        examples: [("apus gpio get GPIO17 --bias up", "a button"), ("apus gpio get PIN11 PIN13", "two at once")],
        run: { arguments in try getLines(arguments) })

    static let gpioSet = Command(
        name: "gpio set", summary: "drive GPIO lines", argument: "LINE=0|1...", count: 1...64,
        options: [
            Option(name: "--drive", value: "push-pull|open-drain|open-source", help: "default: push-pull"),
            .bias, .activeLow,
            Option(name: "--hold", value: nil, help: "keep driving the lines until this command is ended"),
        ],
        discussion: """
            Without --hold the lines are given back at once, and what they do then depends on the chip: most go on driving
            the last level, others become inputs.
            \(lineNames)
            """,
        examples: [("apus gpio set GPIO27=1 --hold", "light an LED until Ctrl-C")],
        run: { arguments in try setLines(arguments) })

    static let gpioWatch = Command(
        name: "gpio watch", summary: "show the edges of GPIO lines as they come", argument: "LINE...", count: 1...64,
        options: [
            Option(name: "--edges", value: "both|rising|falling", help: "default: both"),
            Option(name: "--debounce", value: "US", help: "microseconds a level must last before it counts"),
            Option(name: "--count", value: "N", help: "end after so many edges"),
            .bias, .activeLow, .json,
        ],
        discussion: """
            Takes the lines of one chip as inputs and shows for each edge: the line, rising or falling, the time in seconds
            since the start of the machine, and the edge's number. Edges that were lost are told on the standard error.
            \(lineNames)
            """,
        examples: [
            ("apus gpio watch GPIO17 --bias up --debounce 5000", "a button"),
            ("apus gpio watch GPIO5 --count 100 --json", "a hundred edges, for programs"),
        ],
        run: { arguments in try watchLines(arguments) })

    static let gpioSafe = Command(
        name: "gpio safe", summary: "set the outputs of an app that was killed to their safe levels", argument: nil,
        options: [],
        discussion: """
            Sets every line that a program held with a safe level, and that nobody holds now. Run by apus-init whenever the
            app has ended.
            """,
        examples: [("apus gpio safe", "after `kill -9` of a program of your own")],
        run: { _ in
            var failure: UnsafeOutput?
            SafeOutputs.device.restore { name, error in
                if let failure { Output.error("\(failure)") }
                failure = UnsafeOutput(line: Output.printable(name), reason: "\(error)")
            }
            if let failure { throw failure }
        })

    private static func showLines(_ arguments: Arguments) throws {
        if arguments.has("--follow") { return try followLines(arguments) }
        if arguments.has("--count") { throw UsageError(reason: "--count needs --follow") }
        let isJSON = arguments.has("--json")
        var shown: [JSON] = []
        func show(_ chip: String, _ info: LineInfo) {
            if isJSON { shown.append(json(chip, info)) } else { Output.line(text(chip, info)) }
        }
        if arguments.positionals.isEmpty {
            let chips = try GPIOChip.all()
            for description in chips {
                let chip = GPIOChip(description, among: chips)
                for info in try chip.lines() { show(chip.label, info) }
            }
        } else {
            for line in try Lines(arguments.positionals).lines {
                show(line.chip.label, try line.chip.line(line.offset))
            }
        }
        if isJSON { Output.json(.array(shown)) }
    }

    private static func followLines(_ arguments: Arguments) throws {
        let limit = try arguments.number("--count", in: 1...Int.max) ?? Int.max
        let groups = try Lines(arguments.positionals).byChip
        guard groups.count == 1, let (chip, lines) = groups.first else {
            throw UsageError(reason: "--follow needs lines, all of one chip; follow each chip by a command of its own")
        }
        // Before the lines are shown as they are, so that no change is missed.
        let changes = try chip.changes(of: lines.map(\.offset))
        let isJSON = arguments.has("--json")
        for line in lines {
            let info = try chip.line(line.offset)
            if isJSON { Output.json(json(chip.label, info)) } else { Output.line(text(chip.label, info)) }
        }
        // The changes come to a task, for whose end this thread waits.
        let label = chip.label
        let (end, outcome) = (try EventDescriptor(), Outcome())
        Task {
            do {
                var count = 0
                for try await change in changes {
                    show(change, of: label, isJSON)
                    count += 1
                    if count == limit { break }
                }
            } catch {
                outcome.error.withLock { $0 = error }
            }
            end.signal()
        }
        end.wait()
        if let error = outcome.error.withLock({ $0 }) { throw error }
    }

    private static func show(_ change: LineChange, of chip: String, _ isJSON: Bool) {
        let kind =
            switch change.kind {
            case .requested: "requested"
            case .released: "released"
            case .reconfigured: "reconfigured"
            }
        if isJSON {
            return Output.json([
                "change": .string(kind), "time": .integer(Int64(clamping: change.timestamp)),
                "line": json(chip, change.line),
            ])
        }
        Output.line("\(kind) \(seconds(change.timestamp)) \(text(chip, change.line))")
    }

    private static func text(_ chip: String, _ info: LineInfo) -> String {
        var words = ["\(Output.printable(chip)):\(info.offset)"]
        if !info.name.isEmpty { words.append(Output.printable(info.name)) }
        words.append(info.direction == .output ? "output" : "input")
        words += attributes(info)
        if info.isUsed {
            words.append(info.consumer.isEmpty ? "used" : "used by \"\(Output.printable(info.consumer))\"")
        }
        return words.joined(separator: "  ")
    }

    /// What is not as usual.
    private static func attributes(_ info: LineInfo) -> [String] {
        var words: [String] = []
        if info.isActiveLow { words.append("active-low") }
        switch info.bias {
        case .pullUp: words.append("pull-up")
        case .pullDown: words.append("pull-down")
        case .disabled: words.append("no-pull")
        case .asIs, nil: break
        }
        switch info.drive {
        case .openDrain: words.append("open-drain")
        case .openSource: words.append("open-source")
        case .pushPull: break
        }
        switch info.edges {
        case .both: words.append("both-edges")
        case .rising: words.append("rising-edges")
        case .falling: words.append("falling-edges")
        case .none: break
        }
        if info.debounce > .zero { words.append("debounce-\(Int64(info.debounce / .microseconds(1)))us") }
        return words
    }

    private static func json(_ chip: String, _ info: LineInfo) -> JSON {
        [
            "chip": .string(chip), "line": .integer(Int64(info.offset)), "name": .string(info.name),
            "direction": info.direction == .output ? "output" : "input", "used": .bool(info.isUsed),
            "consumer": .string(info.consumer), "attributes": .array(attributes(info).map(JSON.string)),
        ]
    }

    private static func getLines(_ arguments: Arguments) throws {
        var options = InputOptions(
            bias: try Lines.bias(arguments), isActiveLow: arguments.has("--active-low"), consumer: "gpio get")
        // Whatever an output holds would let go.
        options.keepsDirection = options.bias == .asIs
        let lines = try Lines(arguments.positionals)
        var values: [String: Bool] = [:]
        for (chip, lines) in lines.byChip {
            let request = try InputLines(on: chip, offsets: lines.map(\.offset), options)
            for (line, level) in zip(lines, try request.levels()) { values[line.name] = level }
        }
        if arguments.has("--json") {
            var object = JSON.Object()
            for line in lines.lines { object[line.name] = .bool(values[line.name] ?? false) }
            return Output.json(.object(object))
        }
        for line in lines.lines {
            Output.line("\(Output.printable(line.name))=\(values[line.name] == true ? 1 : 0)")
        }
    }

    private static func setLines(_ arguments: Arguments) throws {
        var levels: [String: Bool] = [:]
        let names = try arguments.positionals.map { text throws(UsageError) in
            let parts = text.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[1] == "0" || parts[1] == "1" else {
                throw UsageError(reason: "\(Output.printable(text)) is not LINE=0 or LINE=1")
            }
            levels[String(parts[0])] = parts[1] == "1"
            return String(parts[0])
        }
        let options = OutputOptions(
            drive: try Lines.choice(
                arguments, "--drive",
                [("push-pull", .pushPull), ("open-drain", .openDrain), ("open-source", .openSource)],
                default: .pushPull),
            bias: try Lines.bias(arguments), isActiveLow: arguments.has("--active-low"), consumer: "gpio set")
        let requests = try Lines(names).byChip.map { chip, lines in
            let initial = lines.enumerated().reduce(UInt64(0)) { bits, line in
                levels[line.element.name] == true ? bits | 1 << line.offset : bits
            }
            return try OutputLines(on: chip, offsets: lines.map(\.offset), initial: initial, options)
        }
        guard arguments.has("--hold") else { return }
        while true {
            pause()
            // In the loop: around one that does not end, the optimizer lets go of them before.
            withExtendedLifetime(requests) {}
        }
    }

    private static func watchLines(_ arguments: Arguments) throws {
        let options = InputOptions(
            bias: try Lines.bias(arguments),
            edges: try Lines.choice(
                arguments, "--edges", [("both", .both), ("rising", .rising), ("falling", .falling)], default: .both),
            isActiveLow: arguments.has("--active-low"),
            debounce: .microseconds(try arguments.number("--debounce", in: 0...Int(UInt32.max)) ?? 0),
            consumer: "gpio watch")
        let limit = try arguments.number("--count", in: 1...Int.max) ?? Int.max
        let groups = try Lines(arguments.positionals).byChip
        guard groups.count == 1, let (chip, lines) = groups.first else {
            throw UsageError(reason: "the lines are of several chips; watch each chip by a command of its own")
        }
        let listener = try LineListener(chipLabel: chip.label, offsets: lines.map(\.offset), options)
        let isJSON = arguments.has("--json")
        var count = 0
        var lost: UInt64 = 0
        while count < limit {
            try listener.next { event in
                guard count < limit else { return }
                count += 1
                let name = lines.first { $0.offset == event.offset }?.name ?? "\(event.offset)"
                show(event, of: name, isJSON)
            }
            let lostNow = listener.statistics.lostInKernel
            if lostNow > lost { Output.note("\(lostNow - lost) edges were lost") }
            lost = lostNow
        }
    }

    private static func show(_ event: EdgeEvent, of line: String, _ isJSON: Bool) {
        let kind = event.kind == .rising ? "rising" : "falling"
        if isJSON {
            return Output.json([
                "line": .string(line), "edge": .string(kind), "time": .integer(Int64(clamping: event.timestamp)),
                "number": .integer(Int64(clamping: event.lineSequence)),
            ])
        }
        Output.line("\(Output.printable(line)) \(kind) \(seconds(event.timestamp)) \(event.lineSequence)")
    }

    private static func seconds(_ nanoseconds: UInt64) -> String {
        let fraction = "\(nanoseconds % 1_000_000_000 + 1_000_000_000)".dropFirst()
        return "\(nanoseconds / 1_000_000_000).\(fraction)"
    }
}

/// A line that may not have its safe level.
struct UnsafeOutput: Error, CustomStringConvertible {
    let line: String
    let reason: String

    var description: String { "\(line): \(reason)" }
}

/// What a task leaves for who waits.
private final class Outcome: Sendable {
    /// Nil when all went well.
    let error = Lock<(any Error)?>(nil)
}

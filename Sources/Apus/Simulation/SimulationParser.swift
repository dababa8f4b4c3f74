// For a developer's machine only.
#if !APUS_DEVICE
internal import Hardware

/// Reads a description of a simulated board, line by line.
struct SimulationParser {
    private let file: String
    private var line = 0
    private var words: ArraySlice<Substring> = []
    private var script = SimulationScript()
    /// The chips' indexes by their ids.
    private var chips: [String: Int] = [:]
    private var places: [SimulationScript.Place: String] = [:]
    private var joined: Set<Int> = []

    /// - Parameters:
    ///   - text: the description.
    ///   - file: its name, for errors.
    /// - Throws: ``SimulationError``.
    static func parse(_ text: String, file: String) throws(SimulationError) -> SimulationScript {
        var parser = SimulationParser(file: file)
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() { try parser.parse(line, number: index + 1) }
        // Sorted by time and, of one moment, by place: sort(by:) need not be stable.
        let order = parser.script.steps.enumerated().sorted {
            ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
        }
        parser.script.steps = order.map(\.element)
        return parser.script
    }

    private init(file: String) { self.file = file }

    private mutating func parse(_ text: Substring, number: Int) throws(SimulationError) {
        line = number
        let all = text.split { $0 == " " || $0 == "\t" }
        words = all.prefix { $0.first != "#" }
        guard let verb = words.popFirst() else { return }
        switch verb {
        case "chip": try parseChip()
        case "join": try parseJoint()
        case "at": try parseStep()
        default: throw refusal("'\(verb)' is none of chip, join and at")
        }
        if let rest = words.first { throw refusal("'\(rest)' is one word too many") }
    }

    // MARK: - What there is

    private mutating func parseChip() throws(SimulationError) {
        let name = try next("the name of a chip")
        guard let model = SimulatedModel.named(String(name)) else {
            let names = SimulatedModel.all.map(\.name).joined(separator: ", ")
            throw refusal("there is no simulated '\(name)'; there are \(names)")
        }
        try expect("on")
        let bus = String(try next("the name of a bus"))
        let place: SimulationScript.Place
        let short: String
        switch model.connection {
        case .i2c, .memory, .multiplexer:
            try expect("at")
            let address = try address()
            place = try i2cPlace(bus, address)
            short = "\(address)"
        case .spi:
            place = .spi(bus)
            short = bus
        case .serial:
            place = .serial(bus)
            short = bus
        case .thermometerOnOneWire:
            guard bus == "w1" else { throw refusal("a \(model.name) is on w1, not on '\(bus)'") }
            try expect("at")
            let text = try next("the number of a 1-Wire device")
            guard let id = OneWireID(text) else {
                throw refusal("'\(text)' is no number of a 1-Wire device, which is one like 28-0316a2794fff")
            }
            place = .oneWire(id)
            short = "\(id)"
        }
        var id = "\(model.name.lowercased())-\(short)"
        if words.first == "as" {
            words.removeFirst()
            id = String(try next("a name for the chip"))
            guard LineName(id).map({ if case .number = $0 { false } else { true } }) == true else {
                throw refusal("'\(id)' is the name of a line and cannot be a chip's")
            }
        }
        if let other = places.updateValue(id, forKey: place) { throw refusal("\(other) is at that place") }
        guard chips.updateValue(script.chips.count, forKey: id) == nil else {
            throw refusal("there is a \(id) already; give this one another name with 'as NAME'")
        }
        script.chips.append(SimulationScript.Chip(id: id, model: model, place: place))
    }

    /// `i2c-1`, or a multiplexer's name, a colon and a channel.
    private func i2cPlace(_ bus: String, _ address: I2CAddress) throws(SimulationError) -> SimulationScript.Place {
        guard let colon = bus.lastIndex(of: ":") else { return .i2c(bus: bus, address) }
        let name = String(bus[..<colon])
        guard let index = chips[name], case .multiplexer = script.chips[index].model.connection else {
            throw refusal("there is no multiplexer \(name) before this line")
        }
        guard let channel = Int(bus[bus.index(after: colon)...]), (0..<8).contains(channel) else {
            throw refusal("a multiplexer has the channels 0 to 7, as in \(name):3")
        }
        return .channel(multiplexer: name, channel, address)
    }

    private mutating func parseJoint() throws(SimulationError) {
        let joint = SimulationScript.Joint(first: try gpioLine(), second: try gpioLine())
        guard joint.first != joint.second else { throw refusal("a line cannot be joined to itself") }
        for number in [joint.first, joint.second] {
            guard joined.insert(number).inserted else { throw refusal("GPIO\(number) is joined already") }
        }
        script.joints.append(joint)
    }

    // MARK: - What happens

    private mutating func parseStep() throws(SimulationError) {
        let time = try duration()
        let target = try next("the name of a chip or a line")
        let change: SimulationScript.Step.Change
        if let index = chips[String(target)] {
            change = try chipChange(index)
        } else if case .number? = LineName(String(target)) {
            change = try levelChange(try lineNumber(target))
        } else {
            let known = script.chips.isEmpty ? "none" : script.chips.map(\.id).joined(separator: ", ")
            throw refusal("there is no chip '\(target)' before this line; there are \(known)")
        }
        script.steps.append(SimulationScript.Step(time: time, change: change))
    }

    private mutating func levelChange(_ number: Int) throws(SimulationError) -> SimulationScript.Step.Change {
        let word = try next("high, low or open")
        switch word {
        case "high": return .level(line: number, true)
        case "low": return .level(line: number, false)
        case "open": return .level(line: number, nil)
        default: throw refusal("'\(word)' is none of high, low and open")
        }
    }

    private mutating func chipChange(_ index: Int) throws(SimulationError) -> SimulationScript.Step.Change {
        let chip = script.chips[index]
        let word = try next("a quantity, a fault or ok")
        if let quantity = chip.model.quantities.firstIndex(where: { $0.name == word }) {
            return .value(chip: index, quantity: quantity, try shape(chip.model.quantities[quantity]))
        }
        if word == "ok" { return .fault(chip: index, nil) }
        let fault = try fault(word, of: chip)
        let isPossible =
            switch chip.model.connection {
            case .i2c, .memory, .multiplexer: true
            case .spi: fault.spi != nil
            case .serial, .thermometerOnOneWire: fault == .absent
            }
        guard isPossible else { throw refusal("\(chip.id) cannot have that fault") }
        return .fault(chip: index, fault)
    }

    private mutating func shape(_ quantity: SimulatedModel.Quantity) throws(SimulationError) -> SimulatedCourse.Shape {
        if words.first == "sine" {
            words.removeFirst()
            let middle = try value(of: quantity)
            let amplitude = try number("an amplitude")
            let period = try duration()
            guard period > .zero else { throw refusal("a period is longer than nothing") }
            return .sine(middle: middle, amplitude: amplitude, period: period)
        }
        let value = try value(of: quantity)
        guard words.first == "over" else { return .constant(value) }
        words.removeFirst()
        return .ramp(to: value, over: try duration())
    }

    private mutating func value(of quantity: SimulatedModel.Quantity) throws(SimulationError) -> Double {
        let value = try number("a value")
        guard quantity.range.contains(value) else {
            let range = quantity.range
            throw refusal("\(quantity.name) is from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private mutating func fault(
        _ word: Substring, of chip: SimulationScript.Chip
    ) throws(SimulationError) -> SimulatedFault {
        switch word {
        case "nak", "absent": return .absent
        case "timeout": return .timeout
        case "arbitration": return .arbitrationLost
        case "stuck": return .stuck(UInt8(try integer("a byte", in: 0...255)))
        case "bit-error":
            let byte = try integer("the number of a byte", in: 0...8191)
            return .bitError(byte: byte, bit: try integer("the number of a bit", in: 0...7))
        case "slow":
            let time = try duration()
            // It holds the bus's thread, and with it the end of the app.
            guard time <= .seconds(60) else { throw refusal("a chip can be slow by up to 60s") }
            return .slow(time)
        default:
            let names = chip.model.quantities.map(\.name)
            let quantities = names.isEmpty ? "" : "\(names.joined(separator: ", ")), "
            throw refusal(
                "'\(word)' is nothing of \(chip.id), which knows \(quantities)nak, timeout, arbitration, stuck, "
                    + "bit-error, slow, absent and ok")
        }
    }

    // MARK: - Words

    private func refusal(_ reason: String) -> SimulationError {
        SimulationError(file: file, line: line, reason: reason)
    }

    private mutating func next(_ what: String) throws(SimulationError) -> Substring {
        guard let word = words.popFirst() else { throw refusal("\(what) is missing at the end") }
        return word
    }

    private mutating func expect(_ word: String) throws(SimulationError) {
        let found = try next("'\(word)'")
        guard found == word else { throw refusal("'\(word)' is expected in place of '\(found)'") }
    }

    private mutating func address() throws(SimulationError) -> I2CAddress {
        let number = try integer("an address", in: I2CAddress.range)
        do throws(I2CError) {
            return try I2CAddress(number)
        } catch {
            throw refusal("\(error)")
        }
    }

    private mutating func gpioLine() throws(SimulationError) -> Int {
        try lineNumber(try next("a line, such as GPIO17"))
    }

    private func lineNumber(_ word: Substring) throws(SimulationError) -> Int {
        guard case .number(let number)? = LineName(String(word)), number < SimulationScript.lineCount else {
            throw refusal("'\(word)' is no line; they are GPIO0 to GPIO\(SimulationScript.lineCount - 1)")
        }
        return number
    }

    /// Decimal, or hexadecimal behind 0x.
    private mutating func integer(_ what: String, in range: ClosedRange<Int>) throws(SimulationError) -> Int {
        let word = try next(what)
        let isHexadecimal = word.utf8.starts(with: "0x".utf8)
        let digits = isHexadecimal ? word.dropFirst(2) : word
        // Int would take a sign.
        guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-"),
            let number = Int(digits, radix: isHexadecimal ? 16 : 10), range.contains(number)
        else { throw refusal("'\(word)' is not \(what) from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    private mutating func number(_ what: String) throws(SimulationError) -> Double {
        let word = try next(what)
        guard let number = Double(word), number.isFinite else { throw refusal("'\(word)' is not \(what)") }
        return number
    }

    /// A number and its unit: ms, s, min or h.
    private mutating func duration() throws(SimulationError) -> Duration {
        let word = try next("a time")
        let units: [(String, Double)] = [("ms", 1), ("min", 60_000), ("s", 1000), ("h", 3_600_000)]
        for (unit, milliseconds) in units where word.hasSuffix(unit) {
            guard let number = Double(word.dropLast(unit.count)), (0...1e6).contains(number) else { break }
            return .milliseconds(Int64((number * milliseconds).rounded()))
        }
        throw refusal("'\(word)' is not a time, which is one like 500ms, 10s, 2min or 1h")
    }
}
#endif

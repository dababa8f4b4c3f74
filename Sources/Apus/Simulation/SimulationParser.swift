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
    /// The chips at lines.
    private var owners: [Int: String] = [:]

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
        case "kernel": try parseKernelSensor()
        case "led": try parseLight()
        case "pwm": try parsePWM()
        case "join": try parseJoint()
        case "at": try parseStep()
        default: throw refusal("'\(verb)' is none of chip, kernel, led, pwm, join and at")
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
        case .ranger:
            let lines = try twoLines(bus[...])
            place = .lines(lines.first, lines.second)
            // As their drivers call them.
            short = "GPIO\(lines.second)"
        case .encoder:
            let lines = try twoLines(bus[...])
            place = .lines(lines.first, lines.second)
            short = "GPIO\(lines.first)"
        case .kernel:
            // Has no model of its own: parseKernelSensor.
            throw refusal("a \(model.name) is no chip")
        }
        try add(model, at: place, id: "\(model.name.lowercased())-\(short)")
    }

    private mutating func add(
        _ model: SimulatedModel, at place: SimulationScript.Place, id: String
    ) throws(SimulationError) {
        var id = id
        if words.first == "as" {
            words.removeFirst()
            id = String(try next("a name for the chip"))
        }
        guard LineName(id).map({ if case .number = $0 { false } else { true } }) == true else {
            throw refusal("'\(id)' is the name of a line and cannot be a chip's")
        }
        if let other = places.updateValue(id, forKey: place) { throw refusal("\(other) is at that place") }
        guard chips.updateValue(script.chips.count, forKey: id) == nil else {
            throw refusal("there is a \(id) already; give this one another name with 'as NAME'")
        }
        if case .lines(let first, let second) = place {
            for line in [first, second] {
                if let other = owners.updateValue(id, forKey: line) {
                    throw refusal("GPIO\(line) is a line of \(other)")
                }
            }
        }
        script.chips.append(SimulationScript.Chip(id: id, model: model, place: place))
    }

    private mutating func twoLines(_ first: Substring) throws(SimulationError) -> SimulationScript.Joint {
        let lines = SimulationScript.Joint(first: try lineNumber(first), second: try gpioLine())
        guard lines.first != lines.second else { throw refusal("two lines are needed") }
        return lines
    }

    /// `hwmon tmp421 at 1-004c temp1 temp2`.
    private mutating func parseKernelSensor() throws(SimulationError) {
        let word = try next("hwmon or iio")
        guard let subsystem = SimulatedKernelSensor.Subsystem(rawValue: String(word)) else {
            throw refusal("'\(word)' is none of hwmon and iio")
        }
        let name = String(try next("what the kernel's driver calls the sensor"))
        var device: String?
        if words.first == "at" {
            words.removeFirst()
            device = String(try next("the name of a device"))
        }
        var channels: [String] = []
        while let word = words.first, word != "as" {
            words.removeFirst()
            let channel = String(word)
            guard SimulatedKernelSensor.knows(channel, of: subsystem) else {
                let examples = subsystem == .hwmon ? "temp1, in0 or fan1" : "temp, pressure or voltage0"
                throw refusal("'\(channel)' is no channel of \(subsystem.rawValue), which is one like \(examples)")
            }
            guard !channels.contains(channel) else { throw refusal("'\(channel)' is there twice") }
            channels.append(channel)
        }
        guard !channels.isEmpty else { throw refusal("the sensor's channels are missing at the end") }
        try add(
            .kernelSensor(subsystem, name: name, channels: channels),
            at: .kernel(subsystem, name: name, device: device), id: device.map { "\(name)-\($0)" } ?? name)
    }

    private mutating func parseLight() throws(SimulationError) {
        let name = String(try next("the name of a LED"))
        guard !script.lights.contains(name) else { throw refusal("there is a LED \(name) already") }
        script.lights.append(name)
    }

    private mutating func parsePWM() throws(SimulationError) {
        let device = String(try next("the name of a PWM controller's device"))
        guard !script.pwms.contains(where: { $0.device == device }) else {
            throw refusal("there is a PWM controller \(device) already")
        }
        // A PCA9685 has 16, and no controller of the kernel many more.
        let channels = try integer("a number of channels", in: 1...64)
        script.pwms.append(SimulationScript.PWM(device: device, channels: channels))
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
            change = try lineChange(try lineNumber(target))
        } else {
            let known = script.chips.isEmpty ? "none" : script.chips.map(\.id).joined(separator: ", ")
            throw refusal("there is no chip '\(target)' before this line; there are \(known)")
        }
        script.steps.append(SimulationScript.Step(time: time, change: change))
    }

    private mutating func lineChange(_ number: Int) throws(SimulationError) -> SimulationScript.Step.Change {
        if let owner = owners[number] { throw refusal("GPIO\(number) is a line of \(owner)") }
        let word = try next("high, low, open or pulses")
        switch word {
        case "high": return .level(line: number, true)
        case "low": return .level(line: number, false)
        case "open": return .level(line: number, nil)
        case "pulses":
            let count = try integer("a number of pulses", in: 1...100_000)
            return .pulses(line: number, count: count, half: try halfPeriod())
        default: throw refusal("'\(word)' is none of high, low, open and pulses")
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
            case .serial, .thermometerOnOneWire, .ranger, .kernel: fault == .absent
            case .encoder: false
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
        case "short": return .shortRead(try integer("a number of bytes", in: 0...8191))
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
                    + "bit-error, short, slow, absent and ok")
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

    /// Half of what a frequency, such as 20Hz, has for a period.
    private mutating func halfPeriod() throws(SimulationError) -> Duration {
        let word = try next("a frequency")
        // Faster than a simulation could keep up with.
        guard word.hasSuffix("Hz"), let hertz = Double(word.dropLast(2)), (0.001...1000).contains(hertz) else {
            throw refusal("'\(word)' is not a frequency from 0.001Hz to 1000Hz")
        }
        return .nanoseconds(Int64((0.5e9 / hertz).rounded()))
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

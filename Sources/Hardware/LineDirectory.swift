/// Knows which line is meant by a name on this board.
package struct LineDirectory: Sendable {
    /// The chip whose numbers are the board's.
    private let chip: GPIOChip?
    /// The offsets in that chip, by the pins of the board's header.
    private let pins: [Int: Int]

    /// - Parameters:
    ///   - chip: the chip whose numbers are the board's; nil where nobody knows.
    ///   - pins: the offsets in that chip, by the pins of the board's header.
    package init(chip: GPIOChip?, pins: [Int: Int]) {
        self.chip = chip
        self.pins = pins
    }

    /// As a board's configuration says it: `gpio.label`, and `gpio.header` with pairs of pin and line, such as `3:2,5:3`.
    /// A pair that is none is left out: the file is made from the checked board profile.
    package init(configuration: (String) -> String?) {
        var pins: [Int: Int] = [:]
        for pair in (configuration("gpio.header") ?? "").utf8.split(separator: UInt8(ascii: ",")) {
            let numbers = pair.split(separator: UInt8(ascii: ":")).compactMap {
                Int(String(decoding: $0, as: UTF8.self))
            }
            if numbers.count == 2 { pins[numbers[0]] = numbers[1] }
        }
        self.init(chip: configuration("gpio.label").map { .labelled($0) }, pins: pins)
    }

    /// - Throws: ``GPIOError``, for a name also what reading the chips brings.
    package func find(_ name: LineName) throws(GPIOError) -> (chip: GPIOChip, offset: Int) {
        switch name {
        case .line(let label, let offset): return (.labelled(label), offset)
        case .name(let name):
            if let chip, chip.isSimulated { return (chip, try chip.offset(named: name)) }
            return try GPIOChip.find(line: name)
        case .number(let offset):
            guard let chip else { throw .noBoardChip }
            return (chip, offset)
        case .headerPin(let pin):
            guard let chip else { throw .noBoardChip }
            guard let offset = pins[pin] else { throw .noHeaderPin(pin, known: pins.keys.sorted()) }
            return (chip, offset)
        }
    }
}

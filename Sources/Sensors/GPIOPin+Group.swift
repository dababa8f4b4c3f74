public import Hardware

extension GPIOPin {
    /// Several lines of one chip in one request: their edges come in the order in which they happened.
    ///
    /// - Returns: the lines, and their offsets in the chip, both in the order of the pins.
    /// - Throws: what `InputLines` throws when the chip or a line is absent or in use,
    ///   ``SensorError/invalidArgument(sensor:what:)`` for pins of several chips.
    public static func openInputs(
        _ pins: [GPIOPin], _ options: InputOptions
    ) throws -> (lines: InputLines, offsets: [Int]) {
        let places = try pins.map { try $0.find() }
        let names = pins.map(\.name).joined(separator: " and ")
        guard let chip = places.first?.chip, places.allSatisfy({ $0.chip.label == chip.label }) else {
            throw SensorError.invalidArgument(
                sensor: options.consumer,
                what: "the lines \(names) are not of one chip, so that no request can have both")
        }
        let offsets = places.map(\.offset)
        return (try InputLines(on: chip, offsets: offsets, options), offsets)
    }
}

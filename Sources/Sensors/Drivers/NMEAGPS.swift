internal import Hardware

/// A GPS receiver that sends NMEA 0183, which nearly all do: where the device is, how fast it moves and how high it is.
///
/// Of the sentences it takes RMC and GGA (NMEA 0183 version 4.10), whoever says them (GP, GN, GL, GA, ...), and only with
/// a right checksum. Every RMC tells whether there is a fix; without one there is no position.
public struct NMEAGPS: EventDriver {
    public let id: String
    private let line: SerialLine
    private let baudRate: Int
    private let silence: Duration
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - line: the serial line the receiver is at.
    ///   - baudRate: 9600 for most; 4800 is that of the standard.
    ///   - silence: for how long no sentence may come. Receivers send every second, also without a fix.
    ///   - clock: the clock of `silence`.
    public init(
        on line: SerialLine, baudRate: Int = 9600, silence: Duration = .seconds(10),
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        id = "gps-\(line.name)"
        self.line = line
        self.baudRate = baudRate
        self.silence = silence
        self.clock = clock
    }

    /// - Throws: what `SerialPort` throws.
    public func open() throws -> SerialDevice {
        // 82 characters are the standard's limit (section 5.3); some receivers have more satellites than fit.
        try SerialDevice(
            "GPS", on: line, SerialSettings(baudRate: baudRate), framing: .line(maximum: 160), silence: silence,
            clock: clock)
    }

    /// - Throws: `SerialError`, ``SensorError/fault(sensor:what:hint:)`` when no sentence comes.
    public func run(
        _ device: SerialDevice, report: @escaping @Sendable (Measurement) async throws -> Void
    ) async throws {
        try await device.listen { frame in
            guard let sentence = NMEASentence(frame.bytes) else { return false }
            for (quantity, value) in Self.values(sentence) {
                try await report(Measurement(quantity, value, at: frame.time))
            }
            return true
        }
    }

    /// What a sentence says; nothing for other sentences.
    static func values(_ sentence: NMEASentence) -> [(Quantity, Reading.Value)] {
        switch sentence.type {
        case "RMC": recommended(sentence)
        case "GGA": fix(sentence)
        default: []
        }
    }

    /// Recommended minimum data: 0 time, 1 status, 2 to 5 position, 6 speed over ground in knots, 7 course over ground in
    /// degrees from true north.
    private static func recommended(_ sentence: NMEASentence) -> [(Quantity, Reading.Value)] {
        // A is a fix, V a warning: whatever else the sentence says is old.
        guard sentence.letter(1) == "A",
            let latitude = sentence.degrees(2, limit: 90, positive: "N", negative: "S"),
            let longitude = sentence.degrees(4, limit: 180, positive: "E", negative: "W")
        else { return [(.fix, .bool(false))] }
        var values: [(Quantity, Reading.Value)] = [
            (.fix, .bool(true)), (.latitude, .number(latitude)), (.longitude, .number(longitude)),
        ]
        // A knot is 1852 metres an hour.
        if let knots = sentence.number(6) { values.append((.velocity, .number(knots * 1852 / 3600))) }
        // Empty while the receiver does not move.
        if let course = sentence.number(7) { values.append((.course, .number(course * .pi / 180))) }
        return values
    }

    /// Fix data: 5 quality, 6 satellites in use, 7 horizontal dilution of precision, 8 altitude above mean sea level, 9 M.
    private static func fix(_ sentence: NMEASentence) -> [(Quantity, Reading.Value)] {
        guard let quality = sentence.number(5), quality > 0 else { return [] }
        var values: [(Quantity, Reading.Value)] = []
        if let satellites = sentence.number(6) { values.append((.satellites, .number(satellites))) }
        if sentence.letter(9) == "M", let altitude = sentence.number(8) {
            values.append((.altitude, .number(altitude)))
        }
        return values
    }
}

extension Quantity {
    /// Whether a receiver of satellite navigation knows where it is.
    public static let fix = Quantity("fix", unit: nil)

    /// Metres above mean sea level.
    public static let altitude = Quantity("altitude", unit: "m")

    /// The direction of movement from true north over east, in radians: degrees are not recommended in SenML (RFC 8798,
    /// section 2).
    public static let course = Quantity("course", unit: "rad")

    /// How many satellites a position is made of.
    public static let satellites = Quantity("satellites", unit: "count")
}

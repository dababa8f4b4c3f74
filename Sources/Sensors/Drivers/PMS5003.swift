internal import Hardware

/// Plantower PMS5003 and the sensors with the same 32 bytes, PMS1003, PMS7003 and PMSA003: particulate matter in the air
/// (PMS5003 series data manual V2.3, appendix I).
///
/// It speaks by itself, about every second while the air changes and every 2.3 s otherwise. What it says in the first 30
/// seconds is not yet right ("Attentions"), and left out.
public struct PMS5003: EventDriver {
    public let id: String
    private let line: SerialLine
    private let warmUp: Duration
    private let silence: Duration
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - line: the serial line the sensor is at.
    ///   - warmUp: for how long after the start what it says is left out; zero when its fan is known to run.
    ///   - silence: for how long nothing may come.
    ///   - clock: the clock of both.
    public init(
        on line: SerialLine, warmUp: Duration = .seconds(30), silence: Duration = .seconds(10),
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        id = "pms5003-\(line.name)"
        self.line = line
        self.warmUp = warmUp
        self.silence = silence
        self.clock = clock
    }

    /// - Throws: what `SerialPort` throws.
    public func open() throws -> SerialDevice {
        try SerialDevice(
            "PMS5003", on: line, SerialSettings(baudRate: 9600), framing: Self.framing, silence: silence, clock: clock)
    }

    /// - Throws: `SerialError`, ``SensorError/fault(sensor:what:hint:)`` when nothing right comes.
    public func run(
        _ device: SerialDevice, report: @escaping @Sendable (Measurement) async throws -> Void
    ) async throws {
        let warm = device.now + warmUp
        try await device.listen { frame in
            guard device.now >= warm else { return true }
            for (quantity, value) in zip([Quantity.pm1, .pm25, .pm10], Self.concentrations(frame.bytes)) {
                try await report(Measurement(quantity, .number(value), at: frame.time))
            }
            return true
        }
    }

    /// 0x42 0x4D, the length of what follows, 13 words, and the sum of all bytes before it; all words are big-endian.
    static let framing = SerialFraming.packet(start: [0x42, 0x4D], headerLength: 4, maximum: 32) { header in
        // 2 * 13 + 2. Other lengths are those of other sensors.
        word(header, 2) == 28 ? 32 : 0
    } isValid: { packet in
        packet.dropLast(2).reduce(0) { $0 + Int($1) } == word(packet, 30)
    }

    /// PM1.0, PM2.5 and PM10 in kg/m3: the words 4 to 6, "under atmospheric environment", in ug/m3. (The words 1 to 3 are
    /// for factory calibration, the others count particles.)
    static func concentrations(_ packet: [UInt8]) -> [Double] {
        guard packet.count == 32 else { return [] }
        return [10, 12, 14].map { Double(word(packet, $0)) / 1e9 }
    }

    private static func word(_ bytes: [UInt8], _ index: Int) -> Int {
        Int(bytes[index]) << 8 | Int(bytes[index + 1])
    }
}

extension Quantity {
    /// Mass of particles up to 1 um in the air, in kilograms per cubic metre (the unit is RFC 8798's).
    public static let pm1 = Quantity("pm1", unit: "kg/m3")

    /// Mass of particles up to 2.5 um in the air, in kilograms per cubic metre.
    public static let pm25 = Quantity("pm2-5", unit: "kg/m3")

    /// Mass of particles up to 10 um in the air, in kilograms per cubic metre.
    public static let pm10 = Quantity("pm10", unit: "kg/m3")
}

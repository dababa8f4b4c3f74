/// The sentences of a GPS receiver (NMEA 0183 version 4.10); a ``SimulatedSerial`` sends them.
public enum SimulatedNMEA {
    /// What a receiver knows.
    public struct Position: Sendable, Hashable {
        /// Degrees to the north, -90 to 90.
        public var latitude: Double
        /// Degrees to the east, -180 to 180.
        public var longitude: Double
        /// Metres above mean sea level.
        public var altitude: Double
        /// Metres per second.
        public var velocity: Double
        /// The direction of movement from true north over east, in radians.
        public var course: Double
        public var satellites: Int

        public init(
            latitude: Double, longitude: Double, altitude: Double = 0, velocity: Double = 0, course: Double = 0,
            satellites: Int = 8
        ) {
            self.latitude = latitude
            self.longitude = longitude
            self.altitude = altitude
            self.velocity = velocity
            self.course = course
            self.satellites = satellites
        }
    }

    /// One RMC and one GGA, without the time.
    /// - Parameter position: nil for a receiver without a fix.
    public static func sentences(_ position: Position?) -> [UInt8] {
        guard let position else { return sentence("GPRMC,,V,,,,,,,,,,N") + sentence("GPGGA,,,,,,0,00,,,M,,M,,") }
        let place =
            degrees(position.latitude, 2, 90, "N", "S") + "," + degrees(position.longitude, 3, 180, "E", "W")
        // A knot is 1852 metres an hour.
        let knots = decimal(position.velocity * 3600 / 1852, 2, in: 0...9999)
        let course = decimal(position.course * 180 / .pi, 2, in: 0...360)
        let satellites = padded(min(max(position.satellites, 0), 99), 2)
        let altitude = decimal(position.altitude, 1, in: -99_999...99_999)
        return sentence("GPRMC,,A,\(place),\(knots),\(course),,,,A")
            + sentence("GPGGA,,\(place),1,\(satellites),1.0,\(altitude),M,,M,,")
    }

    private static func sentence(_ text: String) -> [UInt8] {
        let checksum: UInt8 = text.utf8.reduce(0, ^)
        let digits = String(checksum, radix: 16, uppercase: true)
        return Array("$\(text)*\(digits.utf8.count < 2 ? "0" : "")\(digits)\r\n".utf8)
    }

    /// Degrees and minutes as "4807.03800,N": 1e-5 of a minute are 2 cm.
    private static func degrees(
        _ value: Double, _ digits: Int, _ limit: Double, _ positive: String, _ negative: String
    ) -> String {
        let parts = Int((clamped(abs(value), to: 0...limit) * 6_000_000).rounded())
        let (whole, minutes) = (parts / 6_000_000, parts % 6_000_000)
        return "\(padded(whole, digits))\(padded(minutes / 100_000, 2)).\(padded(minutes % 100_000, 5)),"
            + (value < 0 ? negative : positive)
    }

    private static func decimal(_ value: Double, _ places: Int, in range: ClosedRange<Double>) -> String {
        let factor = places == 1 ? 10 : 100
        let parts = Int((clamped(value, to: range) * Double(factor)).rounded())
        return "\(parts < 0 ? "-" : "")\(abs(parts) / factor).\(padded(abs(parts) % factor, places))"
    }

    /// The lower bound for what is not a number.
    private static func clamped(_ value: Double, to range: ClosedRange<Double>) -> Double {
        value >= range.upperBound ? range.upperBound : value > range.lowerBound ? value : range.lowerBound
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
    }
}

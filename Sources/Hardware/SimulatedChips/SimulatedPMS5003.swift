/// The packets of a PMS5003; a ``SimulatedSerial`` sends them.
public enum SimulatedPMS5003 {
    /// - Parameters:
    ///   - pm1: particles up to 1 um in micrograms per cubic metre.
    ///   - pm25: up to 2.5 um.
    ///   - pm10: up to 10 um.
    public static func packet(pm1: UInt16, pm25: UInt16, pm10: UInt16) -> [UInt8] {
        let words = [0x424D, 28, pm1, pm25, pm10, pm1, pm25, pm10, 0, 0, 0, 0, 0, 0, 0x9700]
        let bytes = words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        let sum = bytes.reduce(0) { $0 + UInt16($1) }
        return bytes + [UInt8(sum >> 8), UInt8(sum & 0xFF)]
    }
}

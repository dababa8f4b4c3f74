internal import Hardware

/// What Sensirion's humidity sensors have in common: words of two bytes, the upper one first, each with its checksum.
enum Sensirion {
    /// - Parameter bytes: three for each word.
    static func words(_ bytes: [UInt8], of what: String, sensor: String) throws(SensorError) -> [UInt16] {
        var words: [UInt16] = []
        for offset in stride(from: 0, to: bytes.count - 2, by: 3) {
            let expected = CRC8.sensirion.checksum(bytes[offset..<offset + 2])
            guard bytes[offset + 2] == expected else {
                throw .badChecksum(sensor: sensor, of: what, expected: expected, found: bytes[offset + 2])
            }
            words.append(bytes.bigEndian(offset))
        }
        return words
    }

    /// SHT3x datasheet, section 4.13; SHT4x datasheet, section "Conversion of Signal Output".
    static func celsius(_ raw: UInt16) -> Double { -45 + 175 * Double(raw) / 65_535 }
}

/// A sentence of NMEA 0183, as GPS receivers send them: "$GPRMC,…*hh".
struct NMEASentence: Hashable {
    /// What it says, without the two letters of who says it: "RMC".
    let type: String

    /// What is between the commas, as bytes: all of it is ASCII.
    let fields: [ArraySlice<UInt8>]

    /// Nil for a line that is none, or whose checksum is absent or wrong: the exclusive or of all between $ and *.
    init?(_ line: [UInt8]) {
        guard line.first == UInt8(ascii: "$"), let end = line.lastIndex(of: UInt8(ascii: "*")),
            line.count - end == 3, let checksum = Self.hexadecimal(line[(end + 1)...]),
            line[1..<end].reduce(0, ^) == checksum
        else { return nil }
        let parts = line[1..<end].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        // Two letters for the talker, three for the type; makers' own sentences (P…) are of other lengths.
        guard let address = parts.first, address.count == 5 else { return nil }
        type = String(decoding: address.dropFirst(2), as: UTF8.self)
        fields = Array(parts.dropFirst())
    }

    /// The number in a field; nil when it is absent, empty, or anything but digits with at most one point and a minus.
    func number(_ index: Int) -> Double? {
        guard fields.indices.contains(index) else { return nil }
        return Self.number(fields[index])
    }

    /// The character in a field that has one.
    func letter(_ index: Int) -> Character? {
        guard fields.indices.contains(index), fields[index].count == 1, let byte = fields[index].first else {
            return nil
        }
        return Character(UnicodeScalar(byte))
    }

    /// Degrees from a field with degrees and minutes as "4916.45" or "12311.12" and one with the hemisphere; nil for
    /// anything else, also beyond 90 or 180 degrees.
    func degrees(_ index: Int, limit: Double, positive: Character, negative: Character) -> Double? {
        guard let value = number(index), value >= 0 else { return nil }
        let whole = (value / 100).rounded(.down)
        let minutes = value - whole * 100
        let degrees = whole + minutes / 60
        guard minutes < 60, degrees <= limit else { return nil }
        switch letter(index + 1) {
        case positive: return degrees
        case negative: return -degrees
        default: return nil
        }
    }

    private static func number(_ text: ArraySlice<UInt8>) -> Double? {
        let digits = text.first == UInt8(ascii: "-") ? text.dropFirst() : text
        // Not everything a Double can be read from is a number here: "nan", "0x1p4", "1e9".
        let isNumber = digits.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
        }
        guard isNumber, !digits.isEmpty, digits.count <= 20 else { return nil }
        return Double(String(decoding: text, as: UTF8.self))
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt8? {
        let values = digits.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard values.count == 2, digits.count == 2 else { return nil }
        return UInt8(values[0] << 4 | values[1])
    }
}

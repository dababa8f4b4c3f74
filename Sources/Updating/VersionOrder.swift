/// Which of two versions is the newer one.
///
/// Numbers and what stands between them are compared in turn, as dpkg does it (deb-version(7)): numbers by value, letters
/// before other characters, and `~` before everything, even the end, so that `1.0~rc1` comes before `1.0`. What semantic
/// versioning adds: `-` before a letter counts like `~`, so that `1.0.0-rc.1` comes before `1.0.0`, while
/// `1.0.0-3-gabcdef`, by `git describe` three commits later, comes after it.
public enum VersionOrder {
    public static func isOlder(_ version: String, than other: String) -> Bool {
        var a = marked(version)[...]
        var b = marked(other)[...]
        while !a.isEmpty || !b.isEmpty {
            while !(a.first.map(isDigit) ?? true) || !(b.first.map(isDigit) ?? true) {
                let (x, y) = (weight(a.first), weight(b.first))
                if x != y { return x < y }
                if !(a.first.map(isDigit) ?? true) { a.removeFirst() }
                if !(b.first.map(isDigit) ?? true) { b.removeFirst() }
            }
            let (x, y) = (number(&a), number(&b))
            // Of numbers without leading zeros the longer one is the larger one, whatever its length.
            if x.count != y.count { return x.count < y.count }
            if !x.elementsEqual(y) { return x.lexicographicallyPrecedes(y) }
        }
        return false
    }

    /// The version with `~` where a `-` begins a word.
    private static func marked(_ version: String) -> [UInt8] {
        let bytes = Array(version.utf8)
        return bytes.indices.map { index in
            let begins = bytes[index] == UInt8(ascii: "-") && index + 1 < bytes.count && isLetter(bytes[index + 1])
            return begins ? UInt8(ascii: "~") : bytes[index]
        }
    }

    private static func weight(_ byte: UInt8?) -> Int {
        guard let byte, !isDigit(byte) else { return 0 }
        if byte == UInt8(ascii: "~") { return -1 }
        return isLetter(byte) ? Int(byte) : Int(byte) + 256
    }

    private static func number(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let digits = text.prefix(while: isDigit)
        text.removeFirst(digits.count)
        return digits.drop { $0 == UInt8(ascii: "0") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
}

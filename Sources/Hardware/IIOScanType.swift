/// How one element of a buffered scan is stored: the content of a file `in_*_type` (Documentation/iio/iio_devbuf.rst and
/// Documentation/ABI/testing/sysfs-bus-iio), such as "le:s12/16>>4".
struct IIOScanType: Hashable {
    let isBigEndian: Bool
    let isSigned: Bool
    /// Bits of the number, 1 to 64.
    let bits: Int
    /// Bytes it is stored in, 1, 2, 4 or 8.
    let bytes: Int
    /// By how much it is shifted to the left in them.
    let shift: Int

    /// Nil for anything else, also for several numbers in one element ("X2"), which this package does not read.
    init?(_ text: String) {
        var rest = Substring(text)
        func take(_ word: String) -> Bool {
            guard rest.utf8.starts(with: word.utf8) else { return false }
            rest = Substring(rest.utf8.dropFirst(word.utf8.count))
            return true
        }
        func number() -> Int? {
            let digits = rest.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard (1...2).contains(digits.count) else { return nil }
            rest = Substring(rest.utf8.dropFirst(digits.count))
            return Int(Substring(digits))
        }
        if take("le:") { isBigEndian = false } else if take("be:") { isBigEndian = true } else { return nil }
        if take("s") { isSigned = true } else if take("u") { isSigned = false } else { return nil }
        guard let bits = number(), take("/"), let storage = number(), take(">>"), let shift = number(), rest.isEmpty,
            [8, 16, 32, 64].contains(storage), bits > 0, bits + shift <= storage
        else { return nil }
        self.bits = bits
        self.shift = shift
        bytes = storage / 8
    }

    /// The number in an element of ``bytes`` bytes.
    func value(_ element: some Collection<UInt8>) -> Double {
        let word = (isBigEndian ? Array(element) : element.reversed()).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let unused = 64 - bits
        let left = (word >> UInt64(shift)) << UInt64(unused)
        return isSigned ? Double(Int64(bitPattern: left) >> Int64(unused)) : Double(left >> UInt64(unused))
    }
}

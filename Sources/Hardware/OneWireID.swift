/// The number burnt into a 1-Wire device, as the kernel writes it: family and serial number, such as "28-0316a2794fff".
public struct OneWireID: Sendable, Hashable, CustomStringConvertible {
    /// The families of DS18B20, DS1822 and DS28EA00, whose memories are the same. The DS18S20 (0x10) has another format.
    package static let thermometers: Set<UInt8> = [0x28, 0x22, 0x42]

    /// What kind of device it is; 0x28 is a DS18B20.
    public let family: UInt8

    /// 48 bits.
    public let serialNumber: UInt64

    public init(family: UInt8, serialNumber: UInt64) {
        self.family = family
        self.serialNumber = serialNumber & 0xFFFF_FFFF_FFFF
    }

    /// From the kernel's spelling: two and twelve hexadecimal digits with a minus between; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == 2, parts[1].count == 12,
            let family = Self.number(parts[0]), let serialNumber = Self.number(parts[1])
        else { return nil }
        self.init(family: UInt8(family), serialNumber: serialNumber)
    }

    /// Unlike `UInt64(_:radix:)` it takes no sign.
    private static func number(_ digits: some Sequence<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
            number = number << 4 | UInt64(value)
        }
        return number
    }

    public var description: String {
        "\(Self.digits(UInt64(family), 2))-\(Self.digits(serialNumber, 12))"
    }

    private static func digits(_ number: UInt64, _ count: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: count - digits.utf8.count) + digits
    }
}

/// What was set for one card when it was burned: its serial number, its broker, whatever makes it differ from the next.
///
/// Two copies of a U-Boot environment block of 4 KiB in the gap before the first partition (docs/card-layout.md). Written
/// once, by the program that burns the card; updates and factory resets leave it alone.
public struct Provisioning: Sendable, Equatable {
    /// Bytes of one copy: room for some dozens of settings, and one page, the unit the kernel writes to a card.
    public static let blockSize = 4096
    /// Where the copies lie, in bytes from the start of the card: sectors 256 and 512, behind the boot state's.
    public static let copyOffsets = [256 * 512, 512 * 512]
    /// The setting that holds the serial number.
    public static let serialKey = "serial"

    public let values: [String: String]

    /// - Throws: ``ProvisioningError`` for names that are not made of letters, digits, `.`, `_` and `-`, and for values
    ///   with control characters.
    public init(_ values: [String: String] = [:]) throws(ProvisioningError) {
        for (name, value) in values {
            guard Self.isName(name) else { throw .invalidName(name) }
            guard value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
                throw .invalidValue(name: name)
            }
        }
        self.values = values
    }

    /// The values of the first copy that is valid; none where neither is, as on a card that was burned without any.
    ///
    /// - Parameter copies: ``blockSize`` bytes each, from an untrusted card.
    public init(copies: [[UInt8]]) {
        for copy in copies {
            if let values = try? UBootEnvironment.decode(copy, size: Self.blockSize),
                let valid = try? Provisioning(values)
            {
                self = valid
                return
            }
        }
        values = [:]
    }

    /// One copy.
    ///
    /// - Throws: ``ProvisioningError/tooLarge(room:)``.
    public func encoded() throws(ProvisioningError) -> [UInt8] {
        guard let block = try? UBootEnvironment.encode(values, size: Self.blockSize) else {
            throw .tooLarge(room: Self.blockSize)
        }
        return block
    }

    /// As the device's configuration files have it: `key=value` lines, sorted.
    public var text: String {
        values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// The sector of a slot, behind the hash tree, that holds the tree's root hash.
///
/// A U-Boot environment of one variable, `ve_hash`: the SHA-256 of the tree's topmost block, 64 hexadecimal digits. The
/// boot script hands it to the initramfs as a kernel argument.
public struct VerityBlock: Sendable, Equatable {
    public static let blockSize = UBootEnvironment.blockSize
    /// Bytes of a SHA-256.
    private static let hashSize = 32

    public let rootHash: [UInt8]

    /// - Parameter rootHash: 32 bytes.
    public init(rootHash: [UInt8]) throws(BootStateError) {
        guard rootHash.count == Self.hashSize else { throw .invalidValue(variable: Self.name, value: "") }
        self.rootHash = rootHash
    }

    /// - Parameter block: ``blockSize`` bytes from an untrusted card.
    public init(decoding block: [UInt8]) throws(BootStateError) {
        let variables = try UBootEnvironment.decode(block)
        guard let text = variables[Self.name] else { throw .missingVariable(Self.name) }
        let digits = Array(text.utf8).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard text.utf8.count == 2 * Self.hashSize, digits.count == text.utf8.count else {
            throw .invalidValue(variable: Self.name, value: text)
        }
        rootHash = (0..<Self.hashSize).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) }
    }

    public func encoded() throws(BootStateError) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        let text = rootHash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return try UBootEnvironment.encode([Self.name: String(decoding: text, as: UTF8.self)])
    }

    private static let name = "ve_hash"
}

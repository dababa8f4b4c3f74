public import Hardware

extension Configuration {
    /// The I2C addresses of a comma-separated value, decimal or hexadecimal with `0x`; none where the key is not set.
    /// - Throws: an error that names the key and the part that is no address of a device.
    public func addresses(_ key: String) throws -> [I2CAddress] {
        try list(key).map { text in
            guard let address = Self.address(text) else { throw InvalidAddress(key: key, text: text) }
            return address
        }
    }

    /// One of them; nil for what is none.
    package static func address(_ text: String) -> I2CAddress? {
        let digits = text.utf8.starts(with: "0x".utf8) ? text.dropFirst(2) : text[...]
        // Int would take a sign too.
        guard digits.utf8.first != UInt8(ascii: "+"),
            let value = Int(digits, radix: digits.startIndex == text.startIndex ? 10 : 16)
        else { return nil }
        return try? I2CAddress(value)
    }

    private struct InvalidAddress: Error, CustomStringConvertible {
        let key: String
        let text: String

        var description: String { "\(key): \"\(text)\" is not the address of an I2C device, 0x08 to 0x77" }
    }
}

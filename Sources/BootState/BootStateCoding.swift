/// Bytes before the text: the checksum.
private let headerSize = 4

extension BootState {
    /// Decodes a block.
    ///
    /// - Parameter block: the ``blockSize`` bytes of one copy, from an untrusted card.
    public init(decoding block: [UInt8]) throws(BootStateError) {
        guard block.count == Self.blockSize else { throw .wrongLength(block.count) }
        let stored = block[..<headerSize].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let computed = crc32(block[headerSize...])
        guard stored == computed else { throw .wrongChecksum(stored: stored, computed: computed) }

        var variables = try Self.variables(in: block[headerSize...])
        func take(_ name: String) throws(BootStateError) -> String {
            guard let value = variables.removeValue(forKey: name) else { throw .missingVariable(name) }
            return value
        }
        let sequenceText = try take("st_seq")
        let activeText = try take("st_act")
        let trialText = try take("st_try")
        let triesText = try take("st_left")

        guard let sequence = hexadecimal(sequenceText, maximumDigits: 8), sequence > 0 else {
            throw .invalidValue(variable: "st_seq", value: sequenceText)
        }
        guard let active = Slot(rawValue: activeText) else {
            throw .invalidValue(variable: "st_act", value: activeText)
        }
        guard let tries = hexadecimal(triesText, maximumDigits: 1) else {
            throw .invalidValue(variable: "st_left", value: triesText)
        }
        self.sequence = sequence
        self.active = active
        if trialText == "-" {
            trial = nil
        } else {
            guard let slot = Slot(rawValue: trialText) else {
                throw .invalidValue(variable: "st_try", value: trialText)
            }
            trial = Trial(of: slot, triesLeft: UInt8(tries))
        }
        otherVariables = variables
    }

    /// The block to write, variables sorted by name as U-Boot's `env export` sorts them.
    ///
    /// - Throws: ``BootStateError/tooLarge(bytes:)`` if ``otherVariables`` leave no room.
    public func encoded() throws(BootStateError) -> [UInt8] {
        var variables = otherVariables
        variables["st_seq"] = String(sequence, radix: 16)
        variables["st_act"] = active.rawValue
        variables["st_try"] = trial?.slot.rawValue ?? "-"
        variables["st_left"] = String(trial?.triesLeft ?? 0, radix: 16)

        var text: [UInt8] = []
        for (name, value) in variables.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            text += Array("\(name)=\(value)".utf8) + [0]
        }
        text.append(0)
        let room = Self.blockSize - headerSize
        guard text.count <= room else { throw .tooLarge(bytes: text.count) }
        text += Array(repeating: 0, count: room - text.count)

        let checksum = crc32(text)
        return (0..<headerSize).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) } + text
    }

    /// The `name=value` texts of a block.
    private static func variables(in text: ArraySlice<UInt8>) throws(BootStateError) -> [String: String] {
        var variables: [String: String] = [:]
        var rest = text
        while rest.first != 0 {
            guard let end = rest.firstIndex(of: 0), let equals = rest[..<end].firstIndex(of: UInt8(ascii: "=")),
                equals > rest.startIndex,
                let name = String(validating: rest[..<equals], as: UTF8.self),
                let value = String(validating: rest[(equals + 1)..<end], as: UTF8.self)
            else { throw .malformedText }
            guard variables.updateValue(value, forKey: name) == nil else { throw .duplicateVariable(name) }
            rest = rest[(end + 1)...]
        }
        return variables
    }
}

/// The value of 1 to `maximumDigits` hexadecimal digits, otherwise nil.
private func hexadecimal(_ text: String, maximumDigits: Int) -> UInt32? {
    guard (1...maximumDigits).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "+") else { return nil }
    return UInt32(text, radix: 16)
}

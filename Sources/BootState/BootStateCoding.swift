extension BootState {
    /// Decodes a block.
    ///
    /// - Parameter block: the ``blockSize`` bytes of one copy, from an untrusted card.
    public init(decoding block: [UInt8]) throws(BootStateError) {
        var variables = try UBootEnvironment.decode(block)
        func take(_ name: String) throws(BootStateError) -> String {
            guard let value = variables.removeValue(forKey: name) else { throw .missingVariable(name) }
            return value
        }
        let sequenceText = try take("st_seq")
        let activeText = try take("st_act")
        let trialText = try take("st_try")
        let triesText = try take("st_left")

        guard let sequence = UBootEnvironment.hexadecimal(sequenceText, maximumDigits: 8), sequence > 0 else {
            throw .invalidValue(variable: "st_seq", value: sequenceText)
        }
        guard let active = Slot(rawValue: activeText) else {
            throw .invalidValue(variable: "st_act", value: activeText)
        }
        guard let tries = UBootEnvironment.hexadecimal(triesText, maximumDigits: 1) else {
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

    /// The block to write.
    ///
    /// - Throws: ``BootStateError/tooLarge(bytes:)`` if ``otherVariables`` leave no room.
    public func encoded() throws(BootStateError) -> [UInt8] {
        var variables = otherVariables
        variables["st_seq"] = String(sequence, radix: 16)
        variables["st_act"] = active.rawValue
        variables["st_try"] = trial?.slot.rawValue ?? "-"
        variables["st_left"] = String(trial?.triesLeft ?? 0, radix: 16)
        return try UBootEnvironment.encode(variables)
    }
}

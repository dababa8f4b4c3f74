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
        func counter(_ name: String) throws(BootStateError) -> UInt8 {
            let text = try take(name)
            guard let value = UBootEnvironment.hexadecimal(text, maximumDigits: 1), text == text.lowercased() else {
                throw .invalidValue(variable: name, value: text)
            }
            return UInt8(value)
        }
        /// Nil for `-`.
        func slot(_ name: String) throws(BootStateError) -> Slot? {
            let text = try take(name)
            if text == Self.none { return nil }
            guard let slot = Slot(rawValue: text) else { throw .invalidValue(variable: name, value: text) }
            return slot
        }
        let sequenceText = try take("st_seq")
        guard let sequence = UBootEnvironment.hexadecimal(sequenceText, maximumDigits: 8), sequence > 0 else {
            throw .invalidValue(variable: "st_seq", value: sequenceText)
        }
        self.sequence = sequence
        guard let active = try slot("st_act") else { throw .invalidValue(variable: "st_act", value: Self.none) }
        self.active = active
        let tried = try slot("st_try")
        let failuresLeft = try counter("st_left")
        let startsLeft = try counter("st_cold")
        if let tried {
            guard tried != active else { throw .invalidValue(variable: "st_try", value: tried.rawValue) }
            trial = Trial(of: tried, failuresLeft: failuresLeft, startsLeft: startsLeft)
        } else {
            trial = nil
        }
        bad = try slot("st_bad")
        let failureText = try take("st_why")
        if failureText == Self.none {
            lastFailure = nil
        } else {
            guard let failure = Failure(failureText) else {
                throw .invalidValue(variable: "st_why", value: failureText)
            }
            lastFailure = failure
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
        variables["st_try"] = trial?.slot.rawValue ?? Self.none
        variables["st_left"] = String(trial?.failuresLeft ?? 0, radix: 16)
        variables["st_cold"] = String(trial?.startsLeft ?? 0, radix: 16)
        variables["st_bad"] = bad?.rawValue ?? Self.none
        variables["st_why"] = lastFailure?.description ?? Self.none
        return try UBootEnvironment.encode(variables)
    }

    private static let none = "-"
}

extension BootState.Failure: CustomStringConvertible {
    /// Slot, colon, reason, such as `b:app`: the spelling of `st_why` and of the kernel argument `apus.why`.
    public var description: String { "\(slot.rawValue):\(reason.rawValue)" }

    /// Nil unless spelled like ``description``.
    public init?(_ text: some StringProtocol) {
        let words = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, let slot = Slot(rawValue: String(words[0])),
            let reason = FailureReason(rawValue: String(words[1]))
        else { return nil }
        self.init(of: slot, reason)
    }
}

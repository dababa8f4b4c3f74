/// How people name a GPIO line.
public enum LineName: Sendable, Hashable {
    /// `GPIO17`: by its number in the board's chip; on a Pi these are the numbers of Raspberry Pi's own documents.
    case number(Int)
    /// `PIN11`: by the pin of the board's header it is wired to.
    case headerPin(Int)
    /// `pinctrl-bcm2711:17`: by the label of a chip and the number in that.
    case line(chip: String, offset: Int)
    /// Any other: the name the device tree gives the line.
    case name(String)

    /// Nil for no text at all.
    public init?(_ text: String) {
        guard !text.isEmpty else { return nil }
        if let number = Self.number(text, after: "GPIO") {
            self = .number(number)
        } else if let pin = Self.number(text, after: "PIN") {
            self = .headerPin(pin)
        } else if let colon = text.lastIndex(of: ":"), colon > text.startIndex,
            let offset = Self.number(String(text[colon...]), after: ":")
        {
            self = .line(chip: String(text[..<colon]), offset: offset)
        } else {
            self = .name(text)
        }
    }

    private static func number(_ text: String, after prefix: String) -> Int? {
        guard text.utf8.starts(with: prefix.utf8) else { return nil }
        let digits = text.utf8.dropFirst(prefix.utf8.count)
        // Int would take a sign too, which no line's number has.
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}

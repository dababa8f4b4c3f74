/// Writes records down in one of SenML's forms. Keys and values come in turn.
protocol SenMLWriter {
    /// What was written.
    var bytes: [UInt8] { get }

    /// - Parameters:
    ///   - records: how many records will follow.
    ///   - capacity: bytes to make room for.
    init(records: Int, capacity: Int)

    mutating func beginRecord()
    mutating func endRecord()
    mutating func endPack()

    mutating func key(_ field: SenMLField)
    /// Any text.
    mutating func text(_ text: String)
    /// A text of the characters that names may have (section 4.5.1).
    mutating func name(_ name: [UInt8])
    mutating func bool(_ value: Bool)
    mutating func integer(_ value: Int64)
    /// A number other than a whole one that ``integer(_:)`` takes.
    mutating func decimal(_ value: Decimal)
    mutating func double(_ value: Double)
}

extension SenMLWriter {
    /// A finite number, in the shortest way that reads back as the same double.
    @inline(__always)
    mutating func number(_ value: Double) {
        // Doubles hold every whole number up to 2^53.
        if value.magnitude < 0x1p53, value == value.rounded(.towardZero) {
            integer(Int64(value))
        } else if let short = Decimal(exactly: value) {
            decimal(short)
        } else {
            double(value)
        }
    }

    /// Seconds, exact to the microsecond.
    @inline(__always)
    mutating func seconds(microseconds: Int64) {
        if microseconds % 1_000_000 == 0 {
            integer(microseconds / 1_000_000)
        } else {
            decimal(Decimal(microseconds, decimals: 6))
        }
    }
}

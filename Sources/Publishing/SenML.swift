internal import JSON
internal import Sensors

/// Readings as a SenML pack in JSON (RFC 8428).
///
/// - **Name**: `device/sensor/quantity`, of which the base name carries what all records share.
/// - **Time**: of a synchronised clock, seconds since 1970 in microsecond resolution. Of any other, seconds relative to
///   the moment of sending and never above 0, as section 4.5.3 has it for a sensor without absolute time.
/// - **Unit**: the registry's symbol (section 12.1); a truth value has none.
///
/// Three fields of our own, which receivers that do not know them ignore (section 4.4):
/// - `bboot`, base field, text: the boot of the device in which the sequence numbers of the following records count.
/// - `seq`, number: the record's sequence number. With the name of the device and `bboot` it names the reading, so that
///   a receiver can tell one delivered twice.
/// - `bseq`, base field, number: is added to `seq`, which counts as 0 where it is absent.
enum SenML {
    /// Times below this many seconds are relative, from it on absolute (section 4.5.3).
    private static let absoluteTimeStart: Int64 = 1 << 28

    private static let nanosecondsPerSecond: Int64 = 1_000_000_000

    /// Whether the two can stand in one pack: their times have the same origin, their numbers the same boot.
    static func canShareAPack(_ first: Reading, _ second: Reading) -> Bool {
        (absoluteTime(first) == nil) == (absoluteTime(second) == nil) && first.bootID == second.bootID
    }

    /// The pack of some readings that can share one, in their order.
    /// - Parameters:
    ///   - device: the device's id, already legal in a name.
    ///   - now: the present, in nanoseconds of CLOCK_MONOTONIC, to which relative times refer.
    /// - Throws: when a value is infinite or not a number, for which SenML has no notation.
    static func pack(_ readings: [Reading], device: String, now: UInt64) throws(JSONNotFiniteError) -> [UInt8] {
        guard let first = readings.first else { return Array("[]".utf8) }
        let names = Names(readings, device: device)
        let sharesBase = readings.count > 1
        let sharedUnit =
            sharesBase && readings.allSatisfy { $0.quantity.unit == first.quantity.unit } ? first.quantity.unit : nil
        let baseTime = sharesBase ? microseconds(first, now: now) : 0
        let baseSequence = sharesBase ? first.sequence : 0

        var records: [JSON] = []
        records.reserveCapacity(readings.count)
        for reading in readings {
            var record = JSON.Object()
            if records.isEmpty {
                record["bn"] = names.base.map(JSON.string)
                record["bt"] = seconds(baseTime)
                record["bu"] = sharedUnit.map(JSON.string)
                record["bseq"] = number(baseSequence)
                record["bboot"] = .string(first.bootID)
            }
            record["n"] = names.ownPart(of: reading).map(JSON.string)
            if sharedUnit == nil { record["u"] = reading.quantity.unit.map(JSON.string) }
            switch reading.value {
            case .number(let value): record["v"] = number(value)
            case .bool(let value): record["vb"] = .bool(value)
            }
            record["t"] = seconds(microseconds(reading, now: now) - baseTime)
            // Wrapping, for a sequence out of order gives a negative difference and the receiver's sum is right again.
            record["seq"] = number(reading.sequence &- baseSequence)
            records.append(.object(record))
        }
        return try JSON.array(records).serialized()
    }

    /// Nanoseconds since 1970; nil when the reading has no absolute time, or one that a receiver took for relative.
    private static func absoluteTime(_ reading: Reading) -> Int64? {
        guard let time = reading.wallTime, time >= absoluteTimeStart * nanosecondsPerSecond else { return nil }
        return time
    }

    private static func microseconds(_ reading: Reading, now: UInt64) -> Int64 {
        if let time = absoluteTime(reading) { return time / 1000 }
        let age = now >= reading.monotonicTime ? now - reading.monotonicTime : 0
        return -Int64(clamping: age / 1000)
    }

    /// Nil for 0, which is what an absent time means.
    private static func seconds(_ microseconds: Int64) -> JSON? {
        if microseconds == 0 { return nil }
        // Exact to the microsecond: 16 digits suffice until the year 2255, and a double has no fewer.
        return number(Double(microseconds) / 1_000_000)
    }

    /// Whole numbers without a fraction: two bytes less, and the same value.
    private static func number(_ value: Double) -> JSON {
        // Doubles hold every whole number up to 2^53.
        if value.magnitude < 0x1p53, value == value.rounded() { return .integer(Int64(value)) }
        return .number(value)
    }

    /// Nil for 0, which is what an absent number means.
    private static func number(_ sequence: UInt64) -> JSON? {
        sequence == 0 ? JSON?.none : .integer(Int64(truncatingIfNeeded: sequence))
    }
}

extension SenML {
    /// What all names of a pack share, and what is left for each record.
    private struct Names {
        let base: String?
        private let device: String
        private let sharesSensor: Bool
        private let sharesQuantity: Bool

        init(_ readings: [Reading], device: String) {
            self.device = device
            let first = readings.first
            sharesSensor = readings.count > 1 && readings.allSatisfy { $0.sensor == first?.sensor }
            sharesQuantity = sharesSensor && readings.allSatisfy { $0.quantity.name == first?.quantity.name }
            guard readings.count > 1, let first else {
                base = nil
                return
            }
            let sensor = sharesSensor ? legal(first.sensor) + "/" : ""
            base = device + "/" + sensor + (sharesQuantity ? legal(first.quantity.name) : "")
        }

        func ownPart(of reading: Reading) -> String? {
            if sharesQuantity { return nil }
            let quantity = legal(reading.quantity.name)
            if sharesSensor { return quantity }
            return (base == nil ? device + "/" : "") + legal(reading.sensor) + "/" + quantity
        }
    }

    /// The text with every byte that no name may have (section 4.5.1) replaced by "_".
    private static func legal(_ text: String) -> String {
        if text.utf8.allSatisfy(isLegal) { return text }
        return String(decoding: text.utf8.map { isLegal($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }

    /// Whether the byte may stand in a name (section 4.5.1).
    static func isLegal(_ byte: UInt8) -> Bool {
        isLegalFirst(byte) || "-:./_".utf8.contains(byte)
    }

    /// Whether a name may begin with the byte (section 4.5.1).
    static func isLegalFirst(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}

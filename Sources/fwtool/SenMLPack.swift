import Foundation
internal import JSON

/// Sensor measurements as they travel (RFC 8428, JSON): a list of records, in which base fields apply to all that follow.
struct SenMLPack {
    /// A record with the base fields applied (section 4.6, "resolved records").
    struct Record: Equatable {
        var name: String
        var time: Time
        var unit: String
        var value: Value
        /// The device's number of the reading, from our fields `bseq`, `seq` and `bstep` (docs/publishing.md).
        var sequence: Int64
        /// The boot in which it was taken, our field `bboot`.
        var boot: String
    }

    enum Time: Equatable {
        /// Seconds since 1970.
        case absolute(Double)
        /// Seconds relative to now, not above 0: the sender's clock was not set.
        case relative(Double)
    }

    enum Value: Equatable {
        case number(Double)
        case bool(Bool)
        case string(String)
    }

    /// Readings that there will never be, our records with `first` and `last`.
    struct Gap: Equatable {
        var numbers: ClosedRange<Int64>
        var reason: String
    }

    var records: [Record]
    var gaps: [Gap]

    /// Parses and resolves. Records without a value (base fields only) are not listed.
    ///
    /// - Throws: `FwtoolError` for what is no SenML.
    init(parsing text: String) throws {
        func number(_ json: JSON?) -> Double? { json?.doubleValue ?? json?.integerValue.map(Double.init) }
        guard let list = (try? JSON(parsing: text))?.arrayValue else {
            throw FwtoolError("this is no SenML pack: \(text.prefix(200))")
        }
        records = []
        gaps = []
        var baseName = ""
        var baseUnit = ""
        var baseTime = 0.0
        var baseValue = 0.0
        var baseSequence: Int64 = 0
        var step: Int64 = 1
        var sequence: Int64 = 0
        var boot = ""
        for item in list {
            guard let object = item.objectValue else { throw FwtoolError("this is no SenML record: \(item)") }
            baseName = object["bn"]?.stringValue ?? baseName
            baseUnit = object["bu"]?.stringValue ?? baseUnit
            baseTime = number(object["bt"]) ?? baseTime
            baseValue = number(object["bv"]) ?? baseValue
            baseSequence = object["bseq"]?.integerValue ?? baseSequence
            step = object["bstep"]?.integerValue ?? step
            boot = object["bboot"]?.stringValue ?? boot
            if let first = object["first"]?.integerValue, let last = object["last"]?.integerValue {
                guard first <= last else { throw FwtoolError("this is no gap: \(item)") }
                gaps.append(Gap(numbers: first...last, reason: object["reason"]?.stringValue ?? ""))
                continue
            }
            let value: Value
            if let plain = number(object["v"]) {
                value = .number(baseValue + plain)
            } else if let flag = object["vb"]?.boolValue {
                value = .bool(flag)
            } else if let string = object["vs"]?.stringValue {
                value = .string(string)
            } else {
                continue
            }
            if object["bseq"] != nil || object["seq"] != nil {
                sequence = baseSequence &+ (object["seq"]?.integerValue ?? 0)
            } else {
                sequence &+= step
            }
            // Below 2^28 a time counts from now (section 4.5.3).
            let time = baseTime + (number(object["t"]) ?? 0)
            records.append(
                Record(
                    name: baseName + (object["n"]?.stringValue ?? ""),
                    time: time < 0x1p28 ? .relative(time) : .absolute(time),
                    unit: object["u"]?.stringValue ?? baseUnit, value: value,
                    sequence: sequence, boot: boot))
        }
    }
}

import JSON

@testable import Publishing

/// A SenML record without base values (RFC 8428, section 4.6): what a receiver makes of a pack.
struct ResolvedRecord: Hashable {
    var name: String
    var unit: String?
    var time: Double
    var number: Double?
    var bool: Bool?
    /// Our extensions.
    var boot: String?
    var sequence: Int64
    var uptime: Double?

    /// A record of missing readings.
    struct Gap: Hashable {
        var name: String
        var unit: String?
        var time: Double
        var count: Double?
        var numbers: ClosedRange<Int64>
        var reason: String?
    }

    /// The records of a pack. Written from the RFC, not from the code under test.
    static func resolve(_ pack: String) throws -> [ResolvedRecord] { try resolve(JSON(parsing: pack)).records }

    static func resolve(_ pack: [UInt8], _ format: SenMLFormat) throws -> (records: [ResolvedRecord], gaps: [Gap]) {
        switch format {
        case .json: try resolve(JSON(parsing: String(decoding: pack, as: UTF8.self)))
        case .cbor: try resolve(CBORDecoder.decode(pack))
        }
    }

    static func resolve(_ pack: JSON) throws -> (records: [ResolvedRecord], gaps: [Gap]) {
        var baseName = ""
        var baseTime = 0.0
        var baseUnit: String?
        var baseSequence: Int64 = 0
        var step: Int64 = 1
        var sequence: Int64 = 0
        var boot: String?
        var records: [ResolvedRecord] = []
        var gaps: [Gap] = []
        for record in pack.arrayValue ?? [] {
            let fields = record.objectValue ?? JSON.Object()
            baseName = fields["bn"]?.stringValue ?? baseName
            baseTime = fields["bt"]?.doubleValue ?? baseTime
            baseUnit = fields["bu"]?.stringValue ?? baseUnit
            baseSequence = fields["bseq"]?.integerValue ?? baseSequence
            step = fields["bstep"]?.integerValue ?? step
            boot = fields["bboot"]?.stringValue ?? boot
            // Base fields for those that follow, and nothing of its own, as in section 5.1.7.
            if ["v", "vs", "vb", "vd", "s"].allSatisfy({ fields[$0] == nil }) { continue }
            let name = baseName + (fields["n"]?.stringValue ?? "")
            let unit = fields["u"]?.stringValue ?? baseUnit
            let time = baseTime + (fields["t"]?.doubleValue ?? 0)
            if let first = fields["first"]?.integerValue, let last = fields["last"]?.integerValue {
                gaps.append(
                    Gap(
                        name: name, unit: unit, time: time, count: fields["v"]?.doubleValue, numbers: first...last,
                        reason: fields["reason"]?.stringValue))
                continue
            }
            if fields["seq"] != nil || fields["bseq"] != nil {
                sequence = baseSequence &+ (fields["seq"]?.integerValue ?? 0)
            } else {
                sequence &+= step
            }
            records.append(
                ResolvedRecord(
                    name: name, unit: unit, time: time, number: fields["v"]?.doubleValue,
                    bool: fields["vb"]?.boolValue, boot: boot, sequence: sequence,
                    uptime: fields["up"]?.doubleValue))
        }
        return (records, gaps)
    }
}

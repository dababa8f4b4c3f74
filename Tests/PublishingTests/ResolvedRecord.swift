import JSON

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

    /// The records of a pack. Written from the RFC, not from the code under test.
    static func resolve(_ pack: String) throws -> [ResolvedRecord] {
        var baseName = ""
        var baseTime = 0.0
        var baseUnit: String?
        var baseSequence: Int64 = 0
        var boot: String?
        return try (JSON(parsing: pack).arrayValue ?? []).map { record in
            let fields = record.objectValue ?? JSON.Object()
            baseName = fields["bn"]?.stringValue ?? baseName
            baseTime = fields["bt"]?.doubleValue ?? baseTime
            baseUnit = fields["bu"]?.stringValue ?? baseUnit
            baseSequence = fields["bseq"]?.integerValue ?? baseSequence
            boot = fields["bboot"]?.stringValue ?? boot
            return ResolvedRecord(
                name: baseName + (fields["n"]?.stringValue ?? ""), unit: fields["u"]?.stringValue ?? baseUnit,
                time: baseTime + (fields["t"]?.doubleValue ?? 0), number: fields["v"]?.doubleValue,
                bool: fields["vb"]?.boolValue, boot: boot,
                sequence: baseSequence + (fields["seq"]?.integerValue ?? 0))
        }
    }
}

/// The fields of a record that we write, each with its key in JSON, colon included, and in CBOR (RFC 8428, tables 1 and
/// 4). CBOR names the fields of our own by text as JSON does: integers are for registered fields only.
enum SenMLField: Sendable {
    case baseName, baseTime, baseUnit, name, unit, value, boolValue, time
    case baseSequence, baseStep, baseBoot, sequence, uptime, first, last, reason

    var json: StaticString {
        switch self {
        case .baseName: #""bn":"#
        case .baseTime: #""bt":"#
        case .baseUnit: #""bu":"#
        case .name: #""n":"#
        case .unit: #""u":"#
        case .value: #""v":"#
        case .boolValue: #""vb":"#
        case .time: #""t":"#
        case .baseSequence: #""bseq":"#
        case .baseStep: #""bstep":"#
        case .baseBoot: #""bboot":"#
        case .sequence: #""seq":"#
        case .uptime: #""up":"#
        case .first: #""first":"#
        case .last: #""last":"#
        case .reason: #""reason":"#
        }
    }

    /// The encoded key: one byte for a small integer, 0x60 + length before a text (RFC 8949, section 3.1).
    var cbor: StaticString {
        switch self {
        case .baseName: "\u{21}"  // -2
        case .baseTime: "\u{22}"  // -3
        case .baseUnit: "\u{23}"  // -4
        case .name: "\u{00}"
        case .unit: "\u{01}"
        case .value: "\u{02}"
        case .boolValue: "\u{04}"
        case .time: "\u{06}"
        case .baseSequence: "\u{64}bseq"
        case .baseStep: "\u{65}bstep"
        case .baseBoot: "\u{65}bboot"
        case .sequence: "\u{63}seq"
        case .uptime: "\u{62}up"
        case .first: "\u{65}first"
        case .last: "\u{64}last"
        case .reason: "\u{66}reason"
        }
    }
}

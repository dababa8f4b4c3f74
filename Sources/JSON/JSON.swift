/// A JSON value (RFC 8259).
///
/// Integers and other numbers are told apart by how they are written: `1` is an ``integer(_:)``, `1.0` and `1e0` are a
/// ``number(_:)``, so that counters and sizes never pass through a floating-point value.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object(Object)
}

extension JSON {
    /// The value of a ``bool(_:)``, otherwise nil.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value of an ``integer(_:)``, otherwise nil.
    public var integerValue: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The value of a ``number(_:)``, or of an ``integer(_:)`` rounded to the nearest double; otherwise nil.
    public var doubleValue: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    /// The value of a ``string(_:)``, otherwise nil.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements of an ``array(_:)``, otherwise nil.
    public var arrayValue: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members of an ``object(_:)``, otherwise nil.
    public var objectValue: Object? {
        if case .object(let value) = self { value } else { nil }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }

    public init(dictionaryLiteral elements: (String, JSON)...) {
        var object = Object()
        for (name, value) in elements { object[name] = value }
        self = .object(object)
    }
}

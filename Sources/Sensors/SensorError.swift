/// Why a driver cannot make a measurement of what its chip says. What goes wrong on a bus itself, such as an address that
/// is not acknowledged, has the bus's own error.
///
/// `sensor` names chip and place, such as "SHT4x at 0x44 on i2c-1".
public enum SensorError: Error, Sendable, Hashable {
    /// Something else answers: `what`, such as "chip id", is not what the driver's chip says of itself.
    case wrongChip(sensor: String, what: String, expected: String, found: String)
    /// A check sum does not fit its data.
    case badChecksum(sensor: String, of: String, expected: UInt8, found: UInt8)
    /// The chip did not get ready in time.
    case notReady(sensor: String, what: String, waited: Duration)
    /// Fewer bytes arrived than were asked for.
    case shortAnswer(sensor: String, expected: Int, found: Int)
    /// The chip reports a fault, or its data cannot be; `hint` is what to do.
    case fault(sensor: String, what: String, hint: String)
    /// As many values in a row were outside of the limits that the app has set.
    case implausible(sensor: String, quantity: String, value: Double, times: Int)
    /// The app asks for what the chip does not have.
    case invalidArgument(sensor: String, what: String)
}

extension SensorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .wrongChip(let sensor, let what, let expected, let found):
            "no \(sensor): its \(what) is \(found), not \(expected); another chip may have the address"
        case .badChecksum(let sensor, let data, let expected, let found):
            "\(sensor): the checksum of \(data) is \(hexadecimal(found)), not \(hexadecimal(expected)); "
                + "wires may be long or close to a source of noise"
        case .notReady(let sensor, let what, let waited):
            "\(sensor): \(what) was not ready after \(waited)"
        case .shortAnswer(let sensor, let expected, let found):
            "\(sensor): \(found) bytes came, not \(expected)"
        case .fault(let sensor, let what, let hint):
            "\(sensor): \(what); \(hint)"
        case .implausible(let sensor, let quantity, let value, let times):
            "\(sensor): \(quantity) was outside of its limits \(times) times in a row, at last \(value)"
        case .invalidArgument(let sensor, let what):
            "\(sensor): \(what)"
        }
    }
}

/// The notation of datasheets: 0x and at least two digits.
func hexadecimal(_ value: some BinaryInteger) -> String {
    let digits = String(value, radix: 16)
    return "0x" + (digits.utf8.count < 2 ? "0" : "") + digits
}

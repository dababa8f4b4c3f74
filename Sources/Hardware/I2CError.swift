/// Why an I2C bus or transaction failed, each naming the bus and the address.
public enum I2CError: Error, Sendable, Hashable {
    /// There is no such bus, or it may not be used.
    case noBus(bus: String, reason: String)
    /// Nothing at the address acknowledged: no device, a device without power, or a busy one.
    case noAcknowledge(bus: String, address: I2CAddress)
    /// The bus did not come free in time: a device holds the clock or the data line.
    case timeout(bus: String, address: I2CAddress)
    /// The transaction failed for another reason, such as lost arbitration.
    case failed(bus: String, address: I2CAddress, reason: String)
    /// No transaction can have this many bytes.
    case invalidLength(bus: String, address: I2CAddress, length: Int)
    /// A number that is no 7-bit device address.
    case invalidAddress(Int)
}

extension I2CError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noBus(let bus, let reason):
            "cannot open the I2C bus \(bus): \(reason)"
        case .noAcknowledge(let bus, let address):
            "no device answers at address \(address) on \(bus)"
        case .timeout(let bus, let address):
            "the transfer with address \(address) on \(bus) timed out; a device may hold the bus"
        case .failed(let bus, let address, let reason):
            "the transfer with address \(address) on \(bus) failed: \(reason)"
        case .invalidLength(let bus, let address, let length):
            "a transfer with address \(address) on \(bus) cannot have \(length) bytes, only 1 to \(I2CBus.maximumLength)"
        case .invalidAddress(let value):
            "\(hexadecimal(value)) is not a 7-bit I2C device address (0x08 to 0x77)"
        }
    }
}

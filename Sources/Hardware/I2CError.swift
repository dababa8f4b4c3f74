/// Why an I2C bus or transaction failed, each naming the bus and the address.
public enum I2CError: Error, Sendable, Hashable {
    /// There is no such bus, or it may not be used.
    case noBus(bus: String, reason: String)
    /// Nothing at the address acknowledged: no device, a device without power, or a busy one.
    case noAcknowledge(bus: String, address: I2CAddress)
    /// The bus did not come free in time: a device holds the clock or the data line.
    case timeout(bus: String, address: I2CAddress)
    /// Another master won the bus.
    case arbitrationLost(bus: String, address: I2CAddress)
    /// The adapter cannot do this kind of transaction: its driver refused it, or the address has 10 bits and the adapter
    /// does not say that it can send these; then nothing was sent.
    case unsupported(bus: String, address: I2CAddress)
    /// The transaction failed for another reason.
    case failed(bus: String, address: I2CAddress, reason: String)
    /// The packet error code that came is not that of the bytes that came.
    case badChecksum(bus: String, address: I2CAddress, expected: UInt8, received: UInt8)
    /// Fewer bytes came than were asked for.
    case shortAnswer(bus: String, address: I2CAddress, expected: Int, received: Int)
    /// A device announced a block of a length no block has: SMBus allows 1 to 32 bytes.
    case invalidBlock(bus: String, address: I2CAddress, length: Int)
    /// No transaction can have this many bytes.
    case invalidLength(bus: String, address: I2CAddress, length: Int)
    /// No transaction can have this many parts.
    case invalidCount(bus: String, address: I2CAddress, count: Int)
    /// A multiplexer has no such channel.
    case noChannel(bus: String, address: I2CAddress, channel: Int, channels: Int)
    /// A number that is no 7-bit device address.
    case invalidAddress(Int)
    /// A number that is no 10-bit device address.
    case invalidTenBitAddress(Int)
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
        case .arbitrationLost(let bus, let address):
            "the transfer with address \(address) on \(bus) failed: another master won the bus"
        case .unsupported(let bus, let address):
            "the adapter of \(bus) cannot do this kind of transfer"
                + (address.isTenBit ? ": it knows 7-bit addresses only, not \(address)" : " with address \(address)")
        case .failed(let bus, let address, let reason):
            "the transfer with address \(address) on \(bus) failed: \(reason)"
        case .badChecksum(let bus, let address, let expected, let received):
            "the answer of address \(address) on \(bus) is damaged: its packet error code is "
                + "\(hexadecimal(Int(received))), not \(hexadecimal(Int(expected)))"
        case .shortAnswer(let bus, let address, let expected, let received):
            "the answer of address \(address) on \(bus) is too short: \(received) bytes came, not \(expected)"
        case .invalidBlock(let bus, let address, let length):
            "address \(address) on \(bus) announced a block of \(length) bytes, SMBus allows 1 to 32"
        case .invalidLength(let bus, let address, let length):
            "a transfer with address \(address) on \(bus) cannot have \(length) bytes, only 1 to \(I2CBus.maximumLength)"
        case .invalidCount(let bus, let address, let count):
            "a transaction with address \(address) on \(bus) cannot have \(count) messages, "
                + "only 1 to \(I2CBus.maximumCount)"
        case .noChannel(let bus, let address, let channel, let channels):
            "the multiplexer at address \(address) on \(bus) has no channel \(channel), only 0 to \(channels - 1)"
        case .invalidAddress(let value):
            "\(hexadecimal(value)) is not a 7-bit I2C device address (0x08 to 0x77)"
        case .invalidTenBitAddress(let value):
            "\(hexadecimal(value)) is not a 10-bit I2C device address (0x00 to 0x3ff)"
        }
    }
}

/// One part of a transaction with a device, from a start condition to the next.
public enum I2CMessage: Sendable, Hashable {
    /// As a rule a register's number and its new content. Without bytes only the address is sent.
    case write([UInt8])
    /// How many bytes to read.
    case read(Int)

    var length: Int {
        switch self {
        case .write(let bytes): bytes.count
        case .read(let count): count
        }
    }
}

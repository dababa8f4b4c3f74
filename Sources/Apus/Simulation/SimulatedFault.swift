// For a developer's machine only.
#if !APUS_DEVICE
internal import Hardware

/// What goes wrong with a simulated chip until it is set right.
enum SimulatedFault: Sendable, Hashable {
    /// Nobody answers.
    case absent
    case timeout
    case arbitrationLost
    /// Every byte reads so.
    case stuck(UInt8)
    /// A bit of each transaction, in a byte counted from 0.
    case bitError(byte: Int, bit: Int)
    /// Of each answer only so many bytes come.
    case shortRead(Int)
    /// Each transaction takes so long.
    case slow(Duration)

    var i2c: SimulatedI2C.Fault {
        switch self {
        case .absent: .noAcknowledge
        case .timeout: .timeout
        case .arbitrationLost: .arbitrationLost
        case .stuck(let byte): .stuck(byte)
        case .bitError(let byte, let bit): .bitError(byte: byte, bit: bit)
        case .shortRead(let count): .shortRead(count)
        case .slow(let duration): .slow(duration)
        }
    }

    /// Nil where SPI has nothing like it.
    var spi: SimulatedSPI.Fault? {
        switch self {
        // Nothing drives the line.
        case .absent, .stuck(0xFF): .stuckHigh
        case .stuck(0x00): .stuckLow
        case .stuck, .arbitrationLost, .shortRead: nil
        case .timeout: .failed
        case .bitError(let byte, let bit): .bitError(byte: byte, bit: bit)
        case .slow(let duration): .slow(duration)
        }
    }
}
#endif

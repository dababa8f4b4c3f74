/// Why an SPI device or transaction failed, each naming the device.
public enum SPIError: Error, Sendable, Hashable {
    /// There is no such device, or it may not be used.
    case noDevice(device: String, reason: String)
    /// The controller cannot do what the chip wants.
    case refused(device: String, setting: String, reason: String)
    /// The transaction failed. A chip that is absent does not make it fail: SPI has no acknowledge.
    case failed(device: String, reason: String)
    /// No transaction can have this many bytes or messages.
    case invalidLength(device: String, bytes: Int, messages: Int)
}

extension SPIError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noDevice(let device, let reason):
            "cannot open the SPI device \(device): \(reason)"
        case .refused(let device, let setting, let reason):
            "the SPI controller of \(device) refuses \(setting): \(reason)"
        case .failed(let device, let reason):
            "the transfer with \(device) failed: \(reason)"
        case .invalidLength(let device, let bytes, let messages):
            "a transfer with \(device) cannot have \(bytes) bytes in \(messages) messages, only 1 to "
                + "\(SPIDevice.maximumLength) bytes, where each message counts as a multiple of \(SPIDevice.alignment)"
        }
    }
}

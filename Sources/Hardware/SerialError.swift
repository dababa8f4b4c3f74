/// Why a serial port cannot be used, each naming the port.
public enum SerialError: Error, Sendable, Hashable {
    /// There is no such port, or it may not be used.
    case noPort(port: String, reason: String)
    /// Someone else uses the port.
    case busy(port: String)
    /// The port cannot do what was asked of it.
    case refused(port: String, setting: String, reason: String)
    /// The other side did not take all bytes in time.
    case writeTimeout(port: String, written: Int, of: Int)
    /// The port disappeared, as a USB adapter that was unplugged, or the kernel refused.
    case failed(port: String, reason: String)
    /// The port was closed before.
    case closed(port: String)
}

extension SerialError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noPort(let port, let reason):
            "cannot open the serial port \(port): \(reason)"
        case .busy(let port):
            "the serial port \(port) is in use; two readers would tear the data apart"
        case .refused(let port, let setting, let reason):
            "the serial port \(port) refuses \(setting): \(reason)"
        case .writeTimeout(let port, let written, let count):
            "the serial port \(port) took \(written) of \(count) bytes in time; flow control may hold it"
        case .failed(let port, let reason):
            "the serial port \(port) failed: \(reason)"
        case .closed(let port):
            "the serial port \(port) was closed"
        }
    }
}

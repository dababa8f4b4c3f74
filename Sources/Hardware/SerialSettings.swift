/// How the characters on a serial line look.
public struct SerialSettings: Sendable, Hashable {
    public enum Parity: Sendable, Hashable {
        case none
        case even
        case odd
    }

    public enum FlowControl: Sendable, Hashable {
        case none
        /// The lines RTS and CTS.
        case hardware
        /// The characters XON and XOFF, which can then not be data.
        case software
    }

    /// Bits per second, one of ``standardBaudRates``.
    public var baudRate: Int

    /// 5 to 8.
    public var dataBits: Int

    public var parity: Parity

    /// 1 or 2.
    public var stopBits: Int

    public var flowControl: FlowControl

    public init(
        baudRate: Int, dataBits: Int = 8, parity: Parity = .none, stopBits: Int = 1, flowControl: FlowControl = .none
    ) {
        self.baudRate = baudRate
        self.dataBits = dataBits
        self.parity = parity
        self.stopBits = stopBits
        self.flowControl = flowControl
    }

    /// The rates that have a name in termios(3).
    public static let standardBaudRates = [
        50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400,
        460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000, 1_500_000, 2_000_000, 2_500_000, 3_000_000,
        3_500_000, 4_000_000,
    ]
}

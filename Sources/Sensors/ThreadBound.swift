public import Hardware

/// What is used on a thread of its own, such as a chip on a bus.
///
/// A sensor whose driver opens one runs on that thread: neither a tick nor a transaction changes threads then. What the
/// driver does by itself must be short and not block.
public protocol ThreadBound {
    var thread: any TaskExecutor { get }
}

extension I2CBus: ThreadBound {}

extension SPIDevice: ThreadBound {}

extension I2CChip: ThreadBound {
    public var thread: any TaskExecutor { bus.thread }
}

// What drivers open that is more than a chip.
extension BoschBarometer: ThreadBound {
    public var thread: any TaskExecutor { chip.thread }
}

extension DPS310.Device: ThreadBound {
    public var thread: any TaskExecutor { chip.thread }
}

extension EMC1413.Device: ThreadBound {
    public var thread: any TaskExecutor { chip.thread }
}

extension MAX31865.Device: ThreadBound {
    public var thread: any TaskExecutor { spi.thread }
}

extension MCP23017.Lines: ThreadBound {
    public nonisolated var thread: any TaskExecutor { chip.thread }
}

extension RealTimeClock: ThreadBound {
    public var thread: any TaskExecutor { chip.thread }
}

extension TMP421.Device: ThreadBound {
    public var thread: any TaskExecutor { chip.thread }
}

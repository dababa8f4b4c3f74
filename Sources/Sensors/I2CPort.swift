public import Hardware
internal import Threads

/// An I2C bus by name, shared by the drivers on it: opened when the first needs it, closed when the last has ended.
///
/// Drivers hold the port, which outlives them, and open it in their start: a bus that is absent fails them, not the app,
/// and one that broke is opened anew once all its users have let go of it.
public final class I2CPort: Sendable {
    private struct WeakBus {
        weak var bus: I2CBus?
    }

    private let current = Lock(WeakBus())
    private let make: @Sendable () throws -> I2CBus

    /// - Parameters:
    ///   - path: the bus's device node, for example `/dev/i2c-1`.
    ///   - options: how patient the bus is.
    public convenience init(path: String, _ options: I2COptions = I2COptions()) {
        // Of the path and not of the opened bus, so that a bus that hangs is known for it after its drivers let go of it.
        let counter = KnownBuses.counter(ofPath: path)
        self.init { try I2CBus(path: path, options, countingIn: counter) }
    }

    /// - Parameters:
    ///   - simulated: the devices on the bus.
    ///   - name: what errors call the bus.
    ///   - options: how patient the bus is.
    public convenience init(simulated: SimulatedI2C, name: String, _ options: I2COptions = I2COptions()) {
        let counter = I2CCounter()
        KnownBuses.add(name, counter)
        self.init { try I2CBus(simulated: simulated, name: name, options, countingIn: counter) }
    }

    /// A port that cannot be opened, for the reason given.
    package convenience init(absent reason: any Error) {
        self.init { throw reason }
    }

    init(make: @escaping @Sendable () throws -> I2CBus) {
        self.make = make
    }

    /// The bus, open for as long as anybody holds it.
    /// - Throws: what `I2CBus` throws when it is absent.
    public func open() throws -> I2CBus {
        try current.withLock { current in
            if let bus = current.bus { return bus }
            let bus = try make()
            current.bus = bus
            return bus
        }
    }
}

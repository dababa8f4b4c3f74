public import Hardware
internal import Threads

/// An I2C bus by name, shared by the drivers on it: opened when the first needs it, closed when the last has ended.
///
/// Drivers hold the port, which outlives them, and open it in their start: a bus that is absent fails them, not the app,
/// and one that broke is opened anew once all its users have let go of it.
public final class I2CPort: Sendable {
    private struct State {
        weak var bus: I2CBus?
        /// Nil until somebody has given some, or the bus was opened without.
        var options: I2COptions?
    }

    private let state: Lock<State>
    private let make: @Sendable (I2COptions) throws -> I2CBus

    /// - Parameters:
    ///   - path: the bus's device node, for example `/dev/i2c-1`.
    ///   - options: how patient the bus is; nil for what a bus does without being told.
    public convenience init(path: String, _ options: I2COptions? = nil) {
        // Of the path and not of the opened bus, so that a bus that hangs is known for it after its drivers let go of it.
        let counter = KnownBuses.counter(ofPath: path)
        self.init(options) { try I2CBus(path: path, $0, countingIn: counter) }
    }

    /// - Parameters:
    ///   - simulated: the devices on the bus.
    ///   - name: what errors call the bus.
    ///   - options: how patient the bus is; nil for what a bus does without being told.
    public convenience init(simulated: SimulatedI2C, name: String, _ options: I2COptions? = nil) {
        let counter = I2CCounter()
        KnownBuses.add(name, counter)
        self.init(options) { try I2CBus(simulated: simulated, name: name, $0, countingIn: counter) }
    }

    /// A port that cannot be opened, for the reason given.
    package convenience init(absent reason: any Error) {
        self.init { _ in throw reason }
    }

    init(_ options: I2COptions? = nil, make: @escaping @Sendable (I2COptions) throws -> I2CBus) {
        state = Lock(State(bus: nil, options: options))
        self.make = make
    }

    /// Says how patient the bus is, for all on it and for good, unless that was said or the bus opened before.
    /// - Returns: whether these are the bus's options.
    package func settle(_ options: I2COptions) -> Bool {
        state.withLock { state in
            if state.options == nil { state.options = options }
            return state.options == options
        }
    }

    /// The bus, open for as long as anybody holds it.
    /// - Throws: what `I2CBus` throws when it is absent.
    public func open() throws -> I2CBus {
        try state.withLock { state in
            if let bus = state.bus { return bus }
            let options = state.options ?? I2COptions()
            let bus = try make(options)
            state.options = options
            state.bus = bus
            return bus
        }
    }
}

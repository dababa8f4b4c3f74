public import Hardware

/// NXP PCA9552: 16 LEDs that are on, off, or blink or glow in one of two rhythms (datasheet rev. 06). It is an output and
/// no sensor: ``open()`` it and use what comes.
///
/// LEDs are wired from the supply to the pins, which the chip pulls to ground.
public struct PCA9552: Sendable {
    /// What a LED does (registers LS0 to LS3).
    public enum State: UInt8, Sendable, Hashable {
        case on = 0
        case off = 1
        case first = 2
        case second = 3
    }

    /// What the LEDs set to it do together: `first` or `second`.
    public enum Rhythm: UInt8, Sendable, Hashable {
        case first = 2
        case second = 4
    }

    private let port: I2CPort
    private let address: I2CAddress

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x60 through 0x67, as its pins A0 to A2 are wired.
    public init(on port: I2CPort, address: I2CAddress = 0x60) {
        self.port = port
        self.address = address
    }

    /// All LEDs stay as they are.
    /// - Throws: `I2CError`.
    public func open() async throws -> LEDs {
        let chip = try I2CChip("PCA9552", at: address, on: port)
        var selectors: [UInt8] = []
        // One by one: the control register counts on only when asked to.
        for register in LEDs.firstSelector..<LEDs.firstSelector + 4 { selectors.append(try await chip.read8(register)) }
        return LEDs(chip: chip, selectors: selectors)
    }

    /// The LEDs of an open chip.
    public actor LEDs {
        /// Register LS0.
        static let firstSelector: UInt8 = 6

        private let chip: I2CChip
        /// What the chip has, or is just being sent: four LEDs in each, the first in the lowest bits.
        private var selectors: [UInt8]

        init(chip: I2CChip, selectors: [UInt8]) {
            self.chip = chip
            self.selectors = selectors
        }

        /// - Parameter led: 0 through 15.
        /// - Throws: `I2CError`, ``SensorError/invalidArgument(sensor:what:)``.
        public func set(_ led: Int, to state: State) async throws {
            guard (0..<16).contains(led) else {
                throw SensorError.invalidArgument(sensor: chip.name, what: "it has no LED \(led), only 0 to 15")
            }
            let index = led / 4
            let shift = led % 4 * 2
            // Before anything is awaited, so that another call builds on it; the bus keeps the order of calls from here.
            let before = selectors[index] & 3 << shift
            selectors[index] = selectors[index] & ~(3 << shift) | state.rawValue << shift
            do {
                try await chip.bus.write([Self.firstSelector + UInt8(index), selectors[index]], to: chip.address)
            } catch {
                // Not to be set by a later call that is about another LED.
                selectors[index] = selectors[index] & ~(3 << shift) | before
                throw error
            }
        }

        /// - Parameters:
        ///   - rhythm: which of the two.
        ///   - period: from 23 ms, which is a glow, to 5.8 s; cut to that.
        ///   - duty: the part of the period in which the LEDs are on, from 0 to just below 1; cut to that.
        /// - Throws: `I2CError`.
        public func set(_ rhythm: Rhythm, period: Duration, duty: Double) async throws {
            // Registers PSC and PWM: the period is (PSC + 1) / 44 s, the LEDs are on for (256 - PWM) / 256 of it.
            let prescaler = (period / .seconds(1) * 44).rounded() - 1
            let width = 256 - (duty * 256).rounded()
            try await chip.write(rhythm.rawValue, UInt8(clamped: prescaler))
            try await chip.write(rhythm.rawValue + 1, UInt8(clamped: width))
        }

        /// The levels of all pins, that of the first in the lowest bit; a LED that is on pulls its pin low.
        /// - Throws: `I2CError`.
        public func levels() async throws -> UInt16 {
            // Registers INPUT1 and INPUT0.
            UInt16(try await chip.read8(1)) << 8 | UInt16(try await chip.read8(0))
        }
    }
}

extension UInt8 {
    /// The nearest there is; 0 for what is not a number.
    init(clamped value: Double) { self = value >= 255 ? 255 : value > 0 ? UInt8(value) : 0 }
}

public import Hardware

/// NXP PCA9685: 16 outputs with pulses of a width each, for LEDs and servos (datasheet rev. 4). It is an output and no
/// sensor: ``open()`` it and use what comes.
public struct PCA9685: Sendable {
    private let port: I2CPort
    private let address: I2CAddress
    private let frequency: Double
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x40 through 0x77, as its pins A0 to A5 are wired; those above are reserved on I2C.
    ///   - frequency: pulses in a second, of all outputs, from 24 to 1526 Hz; 50 for servos.
    ///   - clock: the clock of the waits for the chip.
    public init(
        on port: I2CPort, address: I2CAddress = 0x40, frequency: Double = 200,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.port = port
        self.address = address
        self.frequency = frequency
        self.clock = clock
    }

    /// Sets the frequency. All outputs go on with what they were set to; when the chip had another frequency, they
    /// pause for some milliseconds.
    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> Outputs {
        let chip = try I2CChip("PCA9685", at: address, on: port, clock: clock)
        guard let prescaler = Self.prescaler(frequency) else {
            throw SensorError.invalidArgument(
                sensor: chip.name, what: "it cannot make \(frequency) Hz, only 24 to 1526")
        }
        // Section 7.3.5: the prescaler is taken only while the chip sleeps, and all outputs with it.
        if try await chip.read8(0xFE) != prescaler {
            try await chip.write(0, Self.countsOn | Self.sleep)
            try await chip.write(0xFE, prescaler)
            try await chip.identify(0xFE, as: [prescaler], what: "prescaler")
        }
        try await chip.write(0, Self.countsOn)
        // Section 7.3.1.1: the oscillator takes at most 500 us. Only then can outputs that were at work before a sleep
        // be told to go on; where there are none, that does nothing.
        try await chip.pause(.milliseconds(1))
        try await chip.write(0, Self.countsOn | Self.restart)
        return Outputs(chip: chip, frequency: frequency)
    }

    /// Section 7.3.5, with the chip's own oscillator of 25 MHz. Nil beyond what 3 to 255 make.
    static func prescaler(_ frequency: Double) -> UInt8? {
        let value = (25_000_000 / (4096 * frequency)).rounded() - 1
        return (3...255).contains(value) ? UInt8(value) : nil
    }

    // Section 7.3.1, register MODE1: in between, the register's number counts on from byte to byte.
    private static let restart: UInt8 = 0x80
    private static let countsOn: UInt8 = 0x20
    private static let sleep: UInt8 = 0x10

    /// The outputs of an open chip.
    public struct Outputs: Sendable {
        let chip: I2CChip
        let frequency: Double

        /// - Parameters:
        ///   - output: 0 through 15.
        ///   - duty: the part of the time in which the output is high, 0 to 1; cut to that, and 0 for what is not a
        ///     number.
        /// - Throws: `I2CError`; ``SensorError/invalidArgument(sensor:what:)``;
        ///   ``SensorError/fault(sensor:what:hint:)`` when the chip sleeps, as after a loss of power.
        public func set(_ output: Int, duty: Double) async throws {
            guard (0..<16).contains(output) else {
                throw SensorError.invalidArgument(sensor: chip.name, what: "it has no output \(output), only 0 to 15")
            }
            try await checkIsAwake()
            try await chip.send([6 + 4 * UInt8(output)] + Self.registers(duty))
        }

        /// - Parameters:
        ///   - output: 0 through 15.
        ///   - pulse: how long the output is high in each period, such as 1 to 2 ms for a servo.
        /// - Throws: as ``set(_:duty:)``.
        public func set(_ output: Int, pulse: Duration) async throws {
            try await set(output, duty: pulse / .seconds(1) * frequency)
        }

        /// All outputs at once (section 7.3.4).
        /// - Throws: `I2CError`; ``SensorError/fault(sensor:what:hint:)`` as ``set(_:duty:)``.
        public func setAll(duty: Double) async throws {
            try await checkIsAwake()
            try await chip.send([0xFA] + Self.registers(duty))
        }

        /// Section 7.3.1: at power-up it sleeps, and has another frequency. Asked before anything is written, for that
        /// would let a chip that sleeps forget which outputs were at work (section 7.3.1.1).
        private func checkIsAwake() async throws {
            guard try await chip.read8(0) & PCA9685.sleep == 0 else { throw chip.lostPower("it sleeps") }
        }

        /// When the output goes high and when low in the 4096 steps of a period, each with the lower byte first (section
        /// 7.3.3); bit 12 of either is for ever.
        static func registers(_ duty: Double) -> [UInt8] {
            let steps = (duty * 4096).rounded()
            // Also what is not a number.
            guard steps > 0 else { return [0, 0, 0, 0x10] }
            guard steps < 4096 else { return [0, 0x10, 0, 0] }
            return [0, 0, UInt8(Int(steps) & 0xFF), UInt8(Int(steps) >> 8)]
        }
    }
}

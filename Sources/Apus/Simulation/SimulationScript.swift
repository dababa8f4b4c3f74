// For a developer's machine only.
#if !APUS_DEVICE
internal import Hardware

/// What a simulated board has, and what happens on it (docs/simulation.md).
struct SimulationScript: Sendable {
    enum Place: Sendable, Hashable {
        case i2c(bus: String, I2CAddress)
        /// Behind a multiplexer of that id.
        case channel(multiplexer: String, Int, I2CAddress)
        case spi(String)
        case serial(String)
        case oneWire(OneWireID)
        /// Two lines of the GPIO chip.
        case lines(Int, Int)
        case kernel(SimulatedKernelSensor.Subsystem, name: String, device: String?)
    }

    struct Chip: Sendable {
        let id: String
        let model: SimulatedModel
        let place: Place
    }

    struct Step: Sendable {
        enum Change: Sendable {
            /// Of a chip, by its index, and of its quantity.
            case value(chip: Int, quantity: Int, SimulatedCourse.Shape)
            /// Nil: all is right again.
            case fault(chip: Int, SimulatedFault?)
            /// Drives a line from outside, or lets go of it.
            case level(line: Int, Bool?)
            /// So many times, a line has the other level for half a period, low where nothing drives it.
            case pulses(line: Int, count: Int, half: Duration)
        }

        /// Since the start.
        let time: Duration
        let change: Change
    }

    /// A PWM controller of the kernel.
    struct PWM: Sendable, Hashable {
        let device: String
        let channels: Int
    }

    struct Joint: Sendable, Hashable {
        let first: Int
        let second: Int
    }

    /// Multiplexers before what is behind them.
    var chips: [Chip] = []
    var joints: [Joint] = []
    /// The kernel's LEDs, by their names.
    var lights: [String] = []
    var pwms: [PWM] = []
    /// In the order of time; those of one moment as they were written.
    var steps: [Step] = []

    /// How many lines the GPIO chip has, as on a Pi.
    static let lineCount = 58

    /// What there is without a file.
    static let standard = """
        chip TMP102 on i2c-1 at 0x48
        at 0s tmp102-0x48 temperature sine 21 2 60s
        join GPIO17 GPIO27
        """
}
#endif

public import Hardware

/// A sensor that a driver of the kernel reads, whatever the chip is: by the name the kernel gives it.
///
/// Each of its channels becomes a quantity, with its number or axis when there are several of a kind: "temperature-1".
public struct KernelSensorDriver: PolledDriver {
    /// The kernel's two ways to offer sensors.
    public enum Subsystem: String, Sendable, Hashable {
        /// Hardware monitoring: /sys/class/hwmon.
        case hwmon
        /// Industrial I/O: /sys/bus/iio.
        case iio
    }

    /// A chip on I2C that neither device tree nor firmware tells the kernel of.
    public struct NewI2CDevice: Sendable, Hashable {
        /// What the kernel's driver calls the chip, such as `lm75`.
        public let type: String
        /// The number of the bus: 1 for `/dev/i2c-1`.
        public let bus: Int
        public let address: I2CAddress

        public init(_ type: String, bus: Int, address: I2CAddress) {
            self.type = type
            self.bus = bus
            self.address = address
        }
    }

    /// The sensor, and what of it is wanted.
    public struct Device: Sendable {
        let sensor: KernelSensor
        let channels: [KernelSensor.Channel]
        let quantities: [Quantity]
    }

    public let id: String
    private let port: SysfsPort
    private let subsystem: Subsystem
    private let name: String
    private let device: String?
    private let kinds: Set<KernelSensor.Kind>
    private let chip: NewI2CDevice?

    /// - Parameters:
    ///   - subsystem: where the kernel's driver offers the sensor.
    ///   - name: what it calls it: the content of the file `name`.
    ///   - device: which of several with the name, such as `1-004c`; nil for the first.
    ///   - kinds: what to measure of it.
    ///   - port: the kernel's devices.
    public init(
        _ subsystem: Subsystem, _ name: String, at device: String? = nil,
        kinds: Set<KernelSensor.Kind> = Set(KernelSensor.Kind.allCases), on port: SysfsPort = SysfsPort()
    ) {
        self.init(subsystem, name, device, kinds, nil, port)
    }

    /// A chip on I2C that the kernel is told of when the sensor starts.
    /// - Parameters:
    ///   - subsystem: where the kernel's driver offers the sensor.
    ///   - name: what it calls it; nil for the chip's type.
    ///   - chip: the chip.
    ///   - kinds: what to measure of it.
    ///   - port: the kernel's devices.
    public init(
        _ subsystem: Subsystem, _ name: String? = nil, adding chip: NewI2CDevice,
        kinds: Set<KernelSensor.Kind> = Set(KernelSensor.Kind.allCases), on port: SysfsPort = SysfsPort()
    ) {
        self.init(subsystem, name ?? chip.type, nil, kinds, chip, port)
    }

    private init(
        _ subsystem: Subsystem, _ name: String, _ device: String?, _ kinds: Set<KernelSensor.Kind>,
        _ chip: NewI2CDevice?,
        _ port: SysfsPort
    ) {
        let place = device ?? chip.map { KernelDevice.i2cName(bus: $0.bus, address: $0.address) }
        id = "\(subsystem.rawValue)-\(name)" + (place.map { "-\($0)" } ?? "")
        self.subsystem = subsystem
        self.name = name
        self.device = place
        self.kinds = kinds
        self.chip = chip
        self.port = port
    }

    /// - Throws: `SysfsError`, ``SensorError/invalidArgument(sensor:what:)``.
    public func open() async throws -> Device {
        let sysfs = try port.open(thread: thread)
        if let chip { try await KernelDevice.addI2C(chip.type, at: chip.address, bus: chip.bus, on: sysfs) }
        let sensor =
            switch subsystem {
            case .hwmon: try await KernelSensor.hwmon(name, at: device, on: sysfs)
            case .iio: try await KernelSensor.iio(name, at: device, on: sysfs)
            }
        let channels = sensor.channels.filter { kinds.contains($0.kind) }
        guard !channels.isEmpty else {
            throw SensorError.invalidArgument(
                sensor: id, what: "it has no channel of the kinds wanted, but \(sensor.channels.map(\.kind))")
        }
        return Device(sensor: sensor, channels: channels, quantities: Self.quantities(channels))
    }

    /// A bus that hangs holds up those on it and nobody else: "1-004a" is on I2C bus 1, "spi0.1" on SPI controller 0.
    private var thread: String {
        guard let device else { return id }
        let bus = device.utf8.prefix { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ".") }
        return "sysfs \(String(decoding: bus, as: UTF8.self))"
    }

    /// - Throws: `SysfsError`.
    public func sample(_ device: Device) async throws -> [Measurement] {
        let values = try await device.sensor.read(device.channels)
        return zip(device.quantities, values).map { Measurement($0, .number($1)) }
    }

    /// A kind's plain quantity for its only channel.
    static func quantities(_ channels: [KernelSensor.Channel]) -> [Quantity] {
        channels.map { channel in
            let quantity = Quantity(channel.kind)
            let isOnly = channels.count { $0.kind == channel.kind } == 1
            return isOnly || channel.part.isEmpty ? quantity : quantity.of(Self.name(ofPart: channel.part))
        }
    }

    /// "0-supply" of "0_supply": what can be part of a quantity's name.
    private static func name(ofPart part: String) -> String {
        part.split { !$0.isASCII || !($0.isLetter || $0.isNumber) }.joined(separator: "-")
    }
}

extension Quantity {
    /// What a kind of the kernel's channels is called. The units are those of the SenML registry (RFC 8428, section 12.1,
    /// and RFC 8798) but for rad/s, for which it has none; where a quantity has no unit, "/" is a part of something and
    /// "count" what is counted.
    init(_ kind: KernelSensor.Kind) {
        switch kind {
        case .temperature: self = .temperature
        case .voltage: self = .voltage
        case .current: self = .current
        case .power: self = .power
        case .energy: self = Quantity("energy", unit: "J")
        case .resistance: self = .resistance
        case .humidity: self = .humidity
        case .pressure: self = .pressure
        case .illuminance: self = .illuminance
        case .magneticField: self = .magneticField
        case .acceleration: self = Quantity("acceleration", unit: "m/s2")
        case .angularVelocity: self = Quantity("angular-velocity", unit: "rad/s")
        case .distance: self = .length
        case .velocity: self = .velocity
        case .velocityChange: self = Quantity("velocity-change", unit: "m/s")
        case .gravity: self = Quantity("gravity", unit: "m/s2")
        case .angle: self = Quantity("angle", unit: "rad")
        case .angleChange: self = Quantity("angle-change", unit: "rad")
        case .inclination: self = Quantity("inclination", unit: "rad")
        case .orientation: self = Quantity("orientation", unit: "rad")
        case .phase: self = Quantity("phase", unit: "rad")
        case .frequency: self = .frequency
        case .rotation: self = Quantity("rotation", unit: "1/s")
        case .concentration: self = Quantity("concentration", unit: "/")
        case .massConcentration: self = Quantity("mass-concentration", unit: "kg/m3")
        case .acidity: self = Quantity("acidity", unit: "pH")
        case .capacitance: self = Quantity("capacitance", unit: "F")
        case .conductivity: self = Quantity("conductivity", unit: "S/m")
        case .proximity: self = Quantity("proximity", unit: "count")
        case .intensity: self = Quantity("intensity", unit: "count")
        case .irradiance: self = Quantity("irradiance", unit: "W/m2")
        case .ultravioletIndex: self = Quantity("uv-index", unit: "/")
        case .colorTemperature: self = Quantity("color-temperature", unit: "K")
        case .chromaticity: self = Quantity("chromaticity", unit: "/")
        case .relativePosition: self = Quantity("relative-position", unit: "/")
        case .activity: self = Quantity("activity", unit: "/")
        case .steps: self = Quantity("steps", unit: "count")
        case .count: self = .count
        case .index: self = Quantity("index", unit: "/")
        }
    }
}

public import Hardware

/// Maxim DS18B20 and the thermometers with the same memory, DS1822 and DS28EA00, on the kernel's 1-Wire bus (datasheet
/// DS18B20, 19-7487 rev. 6).
///
/// A sample takes 750 ms: that long the chip converts, and the bus serves nobody else.
public struct DS18B20: PolledDriver {
    /// The bus and the thermometer on it.
    public struct Device: Sendable {
        let bus: OneWire
        let chip: OneWireID
    }

    public let id: String
    private let port: SysfsPort
    private let chip: OneWireID?

    /// - Parameters:
    ///   - port: the kernel's devices.
    ///   - chip: which thermometer; nil for the only one.
    public init(on port: SysfsPort, chip: OneWireID? = nil) {
        id = chip.map { "ds18b20-\($0)" } ?? "ds18b20"
        self.port = port
        self.chip = chip
    }

    /// - Throws: `SysfsError`, `OneWireError`, ``SensorError``.
    public func open() async throws -> Device {
        // A thread of its own: the other files of the kernel need not wait 750 ms.
        let bus = OneWire(on: try port.open(thread: "w1"))
        let present = try await bus.devices()
        if let chip {
            guard OneWireID.thermometers.contains(chip.family) else {
                throw SensorError.invalidArgument(
                    sensor: id, what: "a device of family \(hexadecimal(chip.family)) is none of these thermometers")
            }
            guard present.contains(chip) else { throw OneWireError.noDevice(chip, present: present) }
            return Device(bus: bus, chip: chip)
        }
        let thermometers = present.filter { OneWireID.thermometers.contains($0.family) }
        guard let only = thermometers.first, thermometers.count == 1 else {
            throw SensorError.fault(
                sensor: id, what: "the 1-Wire bus has \(thermometers.count) thermometers",
                hint: thermometers.isEmpty
                    ? "check the wiring, the pull-up resistor, and that the bus is in the device tree"
                    : "name one of \(thermometers.map(\.description).joined(separator: ", "))")
        }
        return Device(bus: bus, chip: only)
    }

    /// - Throws: `SysfsError`, `OneWireError`, ``SensorError/fault(sensor:what:hint:)``.
    public func sample(_ device: Device) async throws -> [Measurement] {
        let memory = try await device.bus.scratchpad(of: device.chip)
        guard let celsius = Self.celsius(memory) else {
            throw SensorError.fault(
                sensor: "DS18B20 \(device.chip)", what: "it did not get to the end of a measurement",
                hint: "its supply may be too weak; wire its pin VDD")
        }
        return [Measurement(.temperature, .number(celsius))]
    }

    /// What the memory's first two bytes say, low byte first, in sixteenths of a degree (figure 4). Nil for the 85 degrees
    /// of a chip that has not measured and the 127.9375 of one whose supply failed in a measurement: byte 6 is then 0x0C
    /// (as the kernel tells them apart if asked to, drivers/w1/slaves/w1_therm.c, W1_THERM_CHECK_RESULT).
    static func celsius(_ memory: [UInt8]) -> Double? {
        guard memory.count == 9 else { return nil }
        let raw = UInt16(memory[1]) << 8 | UInt16(memory[0])
        if raw == 0x0550 || raw == 0x07FF, memory[6] == 0x0C { return nil }
        // Bits 5 and 6 of the configuration: 9 to 12 bits. Of fewer the lowest are undefined (figure 10).
        let undefined = 3 - Int(memory[4] >> 5 & 3)
        return Double((raw & UInt16.max << undefined).signed(bits: 16)) / 16
    }
}

internal import Device
internal import Hardware
internal import Sensors

/// Chips on I2C that the kernel's own drivers are to have, though no device tree names them: `kernel-devices` of the
/// configuration, each as `BUS:ADDRESS:DRIVER`, such as `i2c-1:0x4a:lm75`, separated by commas.
///
/// `apus-init` loads the drivers (docs/board-profiles.md).
struct KernelDevices: Sendable {
    private let config: Configuration

    init(_ config: Configuration) {
        self.config = config
    }

    /// Tells the kernel of them one after the other. What is wrong with one is logged, and the others follow: a sensor
    /// that wants the device says that it is absent, and nothing else fails.
    func add(on port: SysfsPort, log: @Sendable (String) -> Void) async {
        for text in config.list("kernel-devices") {
            do {
                let device = try parse(text)
                // A probe of a chip on a bus that hangs takes its time; other users of sysfs do not wait for it.
                let sysfs = try port.open(thread: "kernel-devices")
                let name = try await KernelDevice.addI2C(
                    device.driver, at: device.address, bus: device.bus, on: sysfs)
                log(
                    await KernelDevice.isDriven(name, on: sysfs)
                        ? "\(device.driver) of the kernel has \(name)"
                        : "no driver of the kernel has taken \(name): the chip is absent, or \(device.driver) has no module; "
                            + "a sensor of the kernel's there asks again"
                )
            } catch {
                log("kernel-devices, \"\(text)\": \(error)")
            }
        }
    }

    private func parse(_ text: String) throws -> (bus: Int, address: I2CAddress, driver: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, !parts[2].isEmpty else { throw Malformed.parts }
        guard let path = config["i2c.\(parts[0])"] else { throw Malformed.bus(parts[0]) }
        // The kernel numbers its device files as its buses.
        guard let bus = path.split(separator: "-").last.flatMap({ Int($0) }), bus >= 0 else {
            throw Malformed.path(path)
        }
        guard let address = Configuration.address(parts[1]) else { throw Malformed.address(parts[1]) }
        return (bus, address, parts[2])
    }

    private enum Malformed: Error, CustomStringConvertible {
        case parts
        case bus(String)
        case path(String)
        case address(String)

        var description: String {
            switch self {
            case .parts: "a chip is given to the kernel as BUS:ADDRESS:DRIVER, such as i2c-1:0x4a:lm75"
            case .bus(let name): "the board has no I2C bus \(name)"
            case .path(let path): "\(path) does not end in the number of a bus"
            case .address(let text): "\"\(text)\" is not the address of an I2C device, 0x08 to 0x77"
            }
        }
    }
}

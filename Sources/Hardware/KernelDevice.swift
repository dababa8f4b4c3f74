internal import Threads

/// Devices the kernel is told of while it runs, because neither the device tree nor the bus itself tells it.
public enum KernelDevice {
    /// Gives an I2C chip to the kernel's driver for it (Documentation/i2c/instantiating-devices.rst, method 4); the driver
    /// must be in the kernel or loaded. Does nothing when the kernel has been told of the chip already. A driver that does
    /// not find it there looks again whenever a ``KernelSensor`` is looked for in vain.
    ///
    /// - Parameters:
    ///   - type: what the driver calls the chip, such as `lm75`.
    ///   - bus: the number of the bus: 1 for `/dev/i2c-1`.
    /// - Returns: the device's name, such as `1-0048`.
    /// - Throws: ``SysfsError``.
    @discardableResult
    public static func addI2C(
        _ type: String, at address: I2CAddress, bus: Int, on sysfs: Sysfs
    ) async throws -> String {
        let device = i2cName(bus: bus, address: address)
        // Another chip there than the one wanted is the finding of who looks for its sensor.
        if await sysfs.isReadable("bus/i2c/devices/\(device)/name") { return device }
        try await sysfs.write("\(type) \(address)", to: "bus/i2c/devices/i2c-\(bus)/new_device")
        return device
    }

    /// Whether a driver has found its device there.
    public static func isDriven(_ device: String, on sysfs: Sysfs) async -> Bool {
        await sysfs.linkTarget("\(devices)/\(device)/driver") != nil
    }

    private static let devices = "bus/i2c/devices"

    /// Lets the drivers look again for I2C chips that they did not find when the kernel was told of them, because they had
    /// no power yet or were not plugged in. The kernel itself asks once only.
    ///
    /// Each at most once in ``probePause``, for the kernel logs every vain attempt. Only those that are wanted: others may be
    /// without a driver on purpose.
    ///
    /// - Parameters:
    ///   - name: what the sensor is called, and the chip, where no device is named.
    ///   - device: the only one to look for; nil for all with the name.
    /// - Returns: whether one has a driver now.
    static func probeAgain(_ name: String, at device: String?, _ sysfs: isolated Sysfs) -> Bool {
        var isFound = false
        for entry in device.map({ [$0] }) ?? (try? sysfs.list(devices)) ?? [] {
            let folder = "\(devices)/\(entry)"
            guard let type = try? sysfs.read("\(folder)/name"), device != nil || type == name else { continue }
            if sysfs.linkTarget("\(folder)/driver") == nil, mayProbe(entry) {
                try? sysfs.write(entry, to: "bus/i2c/drivers_probe")
            }
            if sysfs.linkTarget("\(folder)/driver") != nil { isFound = true }
        }
        return isFound
    }

    /// Some three hundred lines a day in the kernel's log. Another one in tests.
    @TaskLocal static var probePause = Duration.seconds(300)

    /// The ends of the pauses of this process.
    private static let pauses = Lock<[String: ContinuousClock.Instant]>([:])

    private static func mayProbe(_ device: String) -> Bool {
        pauses.withLock { pauses in
            let now = ContinuousClock.now
            if let end = pauses[device], now < end { return false }
            pauses[device] = now + probePause
            return true
        }
    }

    /// What the kernel calls a device on an I2C bus: "1-0048".
    public static func i2cName(bus: Int, address: I2CAddress) -> String {
        let digits = String(address.rawValue, radix: 16)
        return "\(bus)-\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)"
    }
}

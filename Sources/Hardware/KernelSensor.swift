/// A sensor that a driver of the kernel reads: a device of its hwmon or IIO subsystem.
public struct KernelSensor: Sendable {
    /// What the driver calls it, such as `tmp421` or `bmp280`.
    public let name: String

    /// What it measures, in the order of the files' names.
    public let channels: [Channel]

    /// One value of the sensor.
    public struct Channel: Sendable, Hashable {
        public let kind: Kind

        /// Its number or axis, such as "1" or "x"; empty when it needs none.
        public let part: String

        let file: String
        /// A file that is 1 while the sensor itself is broken or unplugged.
        let fault: String?
        let offset: Double
        let scale: Double
        /// To the unit of the kind. Divided by, not multiplied with its inverse: 3300 mV are then 3.3 V to the last digit.
        let divisor: Double

        func value(ofRaw raw: Double) -> Double { (raw + offset) * scale / divisor }
    }

    /// What a channel measures, each in the unit of SI it is told in here, not that of the kernel.
    public enum Kind: Sendable, Hashable, CaseIterable {
        /// Degrees Celsius.
        case temperature
        /// Volts.
        case voltage
        /// Amperes.
        case current
        /// Watts.
        case power
        /// Joules.
        case energy
        /// Ohms.
        case resistance
        /// Percent.
        case humidity
        /// Pascals.
        case pressure
        /// Lux.
        case illuminance
        /// Teslas.
        case magneticField
        /// Metres per square second.
        case acceleration
        /// Radians per second.
        case angularVelocity
        /// Metres.
        case distance
        /// Metres per second.
        case velocity
        /// Metres per second, from one sample to the next.
        case velocityChange
        /// Metres per square second.
        case gravity
        /// Radians.
        case angle
        /// Radians, from one sample to the next.
        case angleChange
        /// Radians about an axis, from the horizontal.
        case inclination
        /// Radians: yaw, pitch and roll.
        case orientation
        /// Radians.
        case phase
        /// Hertz.
        case frequency
        /// Turns per second.
        case rotation
        /// Parts of one: 0.0004 is 400 ppm.
        case concentration
        /// Kilograms per cubic metre.
        case massConcentration
        case acidity
        /// Farads.
        case capacitance
        /// Siemens per metre.
        case conductivity
        /// How near something is, without a unit: the nearer, the greater. In metres it is a ``distance``.
        case proximity
        /// Of light, without a unit, such as what a diode's converter counts.
        case intensity
        /// Watts per square metre.
        case irradiance
        /// 0 to 11 and more, as weather reports tell it.
        case ultravioletIndex
        /// Kelvins.
        case colorTemperature
        /// 0 to 1: x and y in the diagram of CIE 1931.
        case chromaticity
        /// Parts of a pad's size, 0 to 1.
        case relativePosition
        /// How sure the sensor is of what its wearer does, 0 to 1.
        case activity
        case steps
        case count
        /// Whether a counter is at its mark.
        case index
    }

    private let sysfs: Sysfs
    private let folder: String

    init(name: String, folder: String, channels: [Channel], on sysfs: Sysfs) {
        self.name = name
        self.folder = folder
        self.channels = channels
        self.sysfs = sysfs
    }

    /// The present values of some channels, in their order.
    /// - Throws: ``SysfsError``.
    public func read(_ channels: [Channel]) async throws -> [Double] {
        try await read(channels, sysfs)
    }

    /// On the actor's thread as a whole, so that values of one sensor are taken one after the other.
    private func read(_ channels: [Channel], _ sysfs: isolated Sysfs) throws(SysfsError) -> [Double] {
        var values: [Double] = []
        for channel in channels {
            if let fault = channel.fault, try sysfs.read("\(folder)/\(fault)") != "0" {
                throw .failed(
                    path: sysfs.place("\(folder)/\(channel.file)"), operation: "read",
                    reason: "the chip says that the sensor is broken or not connected")
            }
            values.append(channel.value(ofRaw: try sysfs.number("\(folder)/\(channel.file)")))
        }
        return values
    }

    /// The device of a name in a folder of devices.
    /// - Parameter device: which of several with the name: its own number, or the device that it belongs to.
    static func find(
        _ name: String, _ device: String?, in devices: String, _ sysfs: isolated Sysfs
    ) throws(SysfsError) -> String {
        do { return try look(for: name, device, in: devices, sysfs) } catch {
            guard KernelDevice.probeAgain(name, at: device, sysfs) else { throw error }
            return try look(for: name, device, in: devices, sysfs)
        }
    }

    private static func look(
        for name: String, _ device: String?, in devices: String, _ sysfs: isolated Sysfs
    ) throws(SysfsError) -> String {
        var present: [String] = []
        // Without any device there is not even the folder.
        let entries = (try? sysfs.list(devices)) ?? []
        for entry in entries {
            let folder = "\(devices)/\(entry)"
            // Not a sensor, such as a trigger, or unplugged in this moment.
            guard let found = try? sysfs.read("\(folder)/name") else { continue }
            // A device of a class has a link to the one it belongs to; one of a bus, as those of IIO, is below it.
            let place = sysfs.linkTarget("\(folder)/device") ?? sysfs.linkParent(folder)
            present.append(place.map { "\(found) at \($0)" } ?? found)
            if found == name && (device == nil || place == device || entry == device) { return folder }
        }
        throw .noDevice(
            folder: sysfs.place(devices), wanted: device.map { "\(name) at \($0)" } ?? name, present: present)
    }

    /// - Parameter inputs: the device's files of measured values.
    /// - Throws: ``SysfsError/invalidValue(path:reason:)`` for a device that measures, but nothing that is known here.
    static func check(
        _ channels: [Channel], of folder: String, inputs: [String], on sysfs: Sysfs
    ) throws(SysfsError) {
        guard channels.isEmpty, !inputs.isEmpty else { return }
        throw .invalidValue(
            path: sysfs.place(folder),
            reason: "nothing of what it measures is of a known kind; read its files with Sysfs: "
                + inputs.joined(separator: ", "))
    }

    /// What begins with certain letters and goes on with something else, or ends.
    static func rest(of text: String, after word: String) -> String? {
        guard text.utf8.starts(with: word.utf8) else { return nil }
        return String(decoding: text.utf8.dropFirst(word.utf8.count), as: UTF8.self)
    }

    /// What ends with certain letters, without them.
    static func stem(of text: String, before suffix: String) -> String? {
        let bytes = text.utf8
        guard bytes.count > suffix.utf8.count, bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) else {
            return nil
        }
        return String(decoding: bytes.dropLast(suffix.utf8.count), as: UTF8.self)
    }
}

extension KernelSensor {
    /// A device of the kernel's Industrial I/O (Documentation/ABI/testing/sysfs-bus-iio): converters, barometers, light,
    /// motion, magnetic field and many more.
    ///
    /// - Parameters:
    ///   - name: what its driver calls it, such as `bmp280`.
    ///   - device: which of several with the name: the number the kernel gave it, such as `iio:device0`, or the chip's, such
    ///     as `1-0076` for address 0x76 on bus 1.
    /// - Throws: ``SysfsError``.
    public static func iio(_ name: String, at device: String? = nil, on sysfs: Sysfs) async throws -> KernelSensor {
        let (folder, channels) = try await iioChannels(name, device, sysfs)
        return KernelSensor(name: name, folder: folder, channels: channels, on: sysfs)
    }

    private static func iioChannels(
        _ name: String, _ device: String?, _ sysfs: isolated Sysfs
    ) throws(SysfsError) -> (String, [Channel]) {
        let folder = try find(name, device, in: "bus/iio/devices", sysfs)
        let files = try sysfs.list(folder)
        var channels: [Channel] = []
        for file in files {
            guard let found = IIOFile(file) else { continue }
            // Some drivers offer both; the processed value needs nothing else.
            if !found.isProcessed && files.contains("in_\(found.stem)_input") { continue }
            channels.append(try iioChannel(found, file, folder, among: files, sysfs))
        }
        return (folder, channels)
    }

    /// The channel behind a file, with its own scale and offset or those of its type.
    static func iioChannel(
        _ found: IIOFile, _ file: String, _ folder: String, among files: [String], _ sysfs: isolated Sysfs
    ) throws(SysfsError) -> Channel {
        var scale = found.factor
        var offset = 0.0
        if !found.isProcessed {
            if let file = found.shared("scale", among: files) { scale *= try sysfs.number("\(folder)/\(file)") }
            if let file = found.shared("offset", among: files) { offset = try sysfs.number("\(folder)/\(file)") }
        }
        return Channel(
            kind: found.kind, part: found.part, file: file, fault: nil, offset: offset, scale: scale,
            divisor: found.divisor)
    }
}

/// The name of a file such as "in_voltage0_raw" or "in_magn_x_raw", taken apart.
struct IIOFile: Hashable {
    /// "voltage0".
    let stem: String
    let kind: KernelSensor.Kind
    /// What makes the kernel's unit ours: one of the two is 1.
    let factor: Double
    let divisor: Double
    /// "0", "x", "0-voltage1": what comes behind the kind.
    let part: String
    /// Whether it is "_input": no offset and scale apply.
    let isProcessed: Bool
    private let type: String

    /// Nil for a file that is no input channel, or one of a kind not known here.
    init?(_ file: String) {
        guard let name = KernelSensor.rest(of: file, after: "in_") else { return nil }
        if let stem = KernelSensor.stem(of: name, before: "_input") {
            self.stem = stem
            isProcessed = true
        } else if let stem = KernelSensor.stem(of: name, before: "_raw") {
            self.stem = stem
            isProcessed = false
        } else {
            return nil
        }
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        type = String(decoding: stem.utf8.prefix { letters.contains($0) }, as: UTF8.self)
        guard let (_, kind, factor, divisor) = Self.kinds.first(where: { [type] in $0.0 == type }) else { return nil }
        self.kind = kind
        self.factor = factor
        self.divisor = divisor
        let rest = stem.utf8.dropFirst(type.utf8.count)
        part = String(decoding: rest.drop { $0 == UInt8(ascii: "_") }, as: UTF8.self)
    }

    /// The file with the scale or offset of the channel: its own, else that of all channels of the type.
    func shared(_ property: String, among files: [String]) -> String? {
        // Two inputs against each other, "voltage0-voltage1", share that of "voltage-voltage".
        let types = part.utf8.contains(UInt8(ascii: "-")) ? ["\(type)-\(type)", type] : [type]
        return ([stem] + types).map { "in_\($0)_\(property)" }.first { files.contains($0) }
    }

    /// The types' names and what makes values in the unit of the ABI values in ours, a factor and a divisor.
    private static let kinds: [(String, KernelSensor.Kind, Double, Double)] = [
        ("temp", .temperature, 1, 1e3), ("voltage", .voltage, 1, 1e3), ("current", .current, 1, 1e3),
        ("power", .power, 1, 1e3), ("energy", .energy, 1, 1), ("resistance", .resistance, 1, 1),
        ("humidityrelative", .humidity, 1, 1e3), ("pressure", .pressure, 1e3, 1), ("illuminance", .illuminance, 1, 1),
        ("magn", .magneticField, 1, 1e4), ("accel", .acceleration, 1, 1), ("anglvel", .angularVelocity, 1, 1),
        ("distance", .distance, 1, 1), ("concentration", .concentration, 1, 1e2), ("ph", .acidity, 1, 1),
    ]
}

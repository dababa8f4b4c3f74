extension KernelSensor {
    /// A device of the kernel's Industrial I/O (Documentation/ABI/testing/sysfs-bus-iio): converters, barometers, light,
    /// motion, magnetic field and many more.
    ///
    /// - Parameters:
    ///   - name: what its driver calls it, such as `bmp280`.
    ///   - device: which of several with the name: the number the kernel gave it, such as `iio:device0`, or the chip's, such
    ///     as `1-0076` for address 0x76 on bus 1.
    /// - Throws: ``SysfsError``, also for a device of which no value is of a known kind.
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
        try check(channels, of: folder, inputs: files.filter(IIOFile.isInput), on: sysfs)
        return (folder, channels)
    }

    /// The channel behind a file, with its own scale and offset or those of its type.
    static func iioChannel(
        _ found: IIOFile, _ file: String, _ folder: String, among files: [String], _ sysfs: isolated Sysfs
    ) throws(SysfsError) -> Channel {
        var kind = found.kind
        var scale = found.factor
        var offset = 0.0
        let scaleFile = found.shared("scale", among: files)
        if !found.isProcessed {
            if let scaleFile { scale *= try sysfs.number("\(folder)/\(scaleFile)") }
            if let file = found.shared("offset", among: files) { offset = try sysfs.number("\(folder)/\(file)") }
        }
        // "Often these sensors are unit less"; with a scale it is metres.
        if kind == .proximity, found.isProcessed || scaleFile != nil { kind = .distance }
        return Channel(
            kind: kind, part: found.part, file: file, fault: nil, offset: offset, scale: scale, divisor: found.divisor)
    }
}

/// The name of a file such as "in_voltage0_raw" or "in_magn_x_raw", taken apart.
struct IIOFile: Hashable {
    /// "voltage0".
    let stem: String
    let kind: KernelSensor.Kind
    /// What makes the kernel's unit ours.
    let factor: Double
    let divisor: Double
    /// "0", "x", "0-voltage1": what comes behind the kind.
    let part: String
    /// Whether it is "_input": no offset and scale apply.
    let isProcessed: Bool
    private let type: String

    /// Nil for a file that is no input channel, or one of a kind not known here.
    init?(_ file: String) {
        guard let (stem, isProcessed) = Self.split(file),
            !Self.pastValues.contains(where: { KernelSensor.stem(of: stem, before: $0) != nil })
        else { return nil }
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let type = String(decoding: stem.utf8.prefix { letters.contains($0) }, as: UTF8.self)
        let kinds = Self.kinds
        guard
            let (_, kind, factor, divisor) = kinds.first(where: { $0.0 == stem })
                ?? kinds.first(where: { $0.0 == type })
        else { return nil }
        self.stem = stem
        self.isProcessed = isProcessed
        self.type = type
        self.kind = kind
        self.factor = factor
        self.divisor = divisor
        let rest = stem.utf8.dropFirst(type.utf8.count)
        part = String(decoding: rest.drop { $0 == UInt8(ascii: "_") }, as: UTF8.self)
    }

    /// Whether a file has a value of an input channel, of whatever kind.
    static func isInput(_ file: String) -> Bool { split(file) != nil }

    private static func split(_ file: String) -> (stem: String, isProcessed: Bool)? {
        guard let name = KernelSensor.rest(of: file, after: "in_") else { return nil }
        if let stem = KernelSensor.stem(of: name, before: "_input") { return (stem, true) }
        return KernelSensor.stem(of: name, before: "_raw").map { ($0, false) }
    }

    /// The file with the scale or offset of the channel: its own, else that of all channels of the type, of all inputs, or
    /// of the whole device (IIO_SEPARATE and IIO_SHARED_BY_... in linux/iio/types.h).
    func shared(_ property: String, among files: [String]) -> String? {
        // Two inputs against each other, "voltage0-voltage1", share that of "voltage-voltage".
        let types = part.utf8.contains(UInt8(ascii: "-")) ? ["\(type)-\(type)", type] : [type]
        let names = ([stem] + types).map { "in_\($0)_\(property)" } + ["in_\(property)", property]
        return names.first { files.contains($0) }
    }

    /// Ends of the names of what is measured no more, or beside the thing itself.
    private static let pastValues = ["_peak", "_trough", "_quadrature_correction"]

    /// The types' names, some of which mean something else with a modifier, and what makes values in the unit of the ABI
    /// values in ours, a factor and a divisor. Not here: quaternions (`rot_quaternion`), which are four numbers, and what the
    /// ABI gives no unit, such as `rot_from_north_true`.
    private static let kinds: [(String, KernelSensor.Kind, Double, Double)] = [
        ("temp", .temperature, 1, 1e3), ("voltage", .voltage, 1, 1e3), ("current", .current, 1, 1e3),
        ("power", .power, 1, 1e3), ("energy", .energy, 1, 1), ("resistance", .resistance, 1, 1),
        ("capacitance", .capacitance, 1, 1e9), ("electricalconductivity", .conductivity, 1, 1),
        ("humidityrelative", .humidity, 1, 1e3), ("pressure", .pressure, 1e3, 1), ("magn", .magneticField, 1, 1e4),
        ("accel", .acceleration, 1, 1), ("gravity", .gravity, 1, 1), ("velocity", .velocity, 1, 1),
        ("deltavelocity", .velocityChange, 1, 1), ("distance", .distance, 1, 1), ("proximity", .proximity, 1, 1),
        ("positionrelative", .relativePosition, 1, 1e5), ("anglvel", .angularVelocity, 1, 1),
        ("angl", .angle, 1, 1), ("deltaangl", .angleChange, 1, 1), ("incli", .inclination, .pi, 180),
        ("rot_yaw", .orientation, .pi, 180), ("rot_pitch", .orientation, .pi, 180),
        ("rot_roll", .orientation, .pi, 180), ("phase", .phase, 1, 1), ("illuminance", .illuminance, 1, 1),
        ("intensity", .intensity, 1, 1), ("intensity_x", .irradiance, 1, 1e9), ("intensity_y", .irradiance, 1, 1e9),
        ("intensity_z", .irradiance, 1, 1e9), ("uvindex", .ultravioletIndex, 1, 1),
        ("colortemp", .colorTemperature, 1, 1), ("chromaticity", .chromaticity, 1, 1),
        ("concentration", .concentration, 1, 1e2), ("massconcentration", .massConcentration, 1, 1e9),
        ("ph", .acidity, 1, 1), ("activity", .activity, 1, 1e2), ("steps", .steps, 1, 1), ("count", .count, 1, 1),
        ("index", .index, 1, 1),
    ]
}

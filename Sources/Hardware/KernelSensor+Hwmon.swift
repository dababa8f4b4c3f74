extension KernelSensor {
    /// A device of the kernel's hardware monitoring (Documentation/hwmon/sysfs-interface.rst): board temperatures,
    /// voltages, fans, and many thermometers on I2C.
    ///
    /// - Parameters:
    ///   - name: what its driver calls it, such as `tmp421`.
    ///   - device: which of several with the name, such as `1-004c` for address 0x4C on bus 1.
    /// - Throws: ``SysfsError``, also for a device of which no value is of a known kind.
    public static func hwmon(_ name: String, at device: String? = nil, on sysfs: Sysfs) async throws -> KernelSensor {
        let (folder, channels) = try await hwmonChannels(name, device, sysfs)
        return KernelSensor(name: name, folder: folder, channels: channels, on: sysfs)
    }

    private static func hwmonChannels(
        _ name: String, _ device: String?, _ sysfs: isolated Sysfs
    ) throws(SysfsError) -> (String, [Channel]) {
        let folder = try find(name, device, in: "class/hwmon", sysfs)
        let files = try sysfs.list(folder)
        let channels = files.compactMap { hwmonChannel($0, among: files) }
        let inputs = files.filter { stem(of: $0, before: "_input") != nil || stem(of: $0, before: "_average") != nil }
        try check(channels, of: folder, inputs: inputs, on: sysfs)
        return (folder, channels)
    }

    /// The channel behind a file such as "temp1_input", or "power1_average" where there is no "power1_input", as with many
    /// power meters; nil for other files.
    static func hwmonChannel(_ file: String, among files: [String]) -> Channel? {
        let average = Self.stem(of: file, before: "_average").flatMap { files.contains("\($0)_input") ? nil : $0 }
        guard let stem = Self.stem(of: file, before: "_input") ?? average else { return nil }
        let digit = UInt8(ascii: "0")...UInt8(ascii: "9")
        let letters = String(decoding: stem.utf8.prefix { !digit.contains($0) }, as: UTF8.self)
        let part = String(decoding: stem.utf8.dropFirst(letters.utf8.count), as: UTF8.self)
        guard let (_, kind, divisor) = hwmonKinds.first(where: { $0.0 == letters }), !part.isEmpty,
            part.utf8.allSatisfy(digit.contains)
        else { return nil }
        let fault = "\(stem)_fault"
        return Channel(
            kind: kind, part: part, file: file, fault: files.contains(fault) ? fault : nil, offset: 0, scale: 1,
            divisor: divisor)
    }

    /// The files' names and how many of their units are one of ours: they tell milli- and microunits, and turns per minute.
    private static let hwmonKinds: [(String, Kind, Double)] = [
        ("temp", .temperature, 1e3), ("in", .voltage, 1e3), ("curr", .current, 1e3), ("power", .power, 1e6),
        ("energy", .energy, 1e6), ("humidity", .humidity, 1e3), ("fan", .rotation, 60),
        ("freq", .frequency, 1),
    ]
}

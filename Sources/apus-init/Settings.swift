internal import Glibc

/// The `key=value` lines apus-init needs of the image's and the card's configuration. Later files win.
struct Settings {
    /// Far above any real file; keeps a damaged data partition from filling the memory.
    private static let sizeLimit = 64 * 1024

    private var values: [String: String] = [:]

    mutating func read(_ path: String) {
        for line in Self.lines(of: path) where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
    }

    /// What `modprobe` finds the drivers of the chips by that the app will give to the kernel: the last part of each of
    /// `kernel-devices` (`BUS:ADDRESS:DRIVER,...`), as the kernel itself would ask for it (linux/mod_devicetable.h,
    /// I2C_MODULE_PREFIX).
    var kernelDeviceAliases: [String] {
        (values["kernel-devices"] ?? "").split(separator: ",").compactMap { device in
            let parts = device.split(separator: ":")
            guard parts.count == 3, let driver = parts[2].split(separator: " ").first else { return nil }
            return "i2c:\(driver)"
        }
    }

    subscript(_ key: String) -> String? { values[key] }

    /// The lines of a file; none where it cannot be read.
    static func lines(of path: String) -> [Substring] {
        String(decoding: bytes(of: path), as: UTF8.self).split(separator: "\n")
    }

    static func bytes(of path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while content.count < sizeLimit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            content += buffer[..<count]
        }
        return content
    }
}

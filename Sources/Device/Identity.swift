internal import Glibc
internal import Sensors

/// The name by which this device is known to its broker and its fleet.
package enum Identity {
    /// The first of these that there is, made fit for one level of an MQTT topic:
    /// 1. what was configured,
    /// 2. the serial number of the Pi, from its device tree,
    /// 3. the hardware address of the first physical network interface by name, so that `eth0` comes before `wlan0` and
    ///    a device keeps its name when an adapter is plugged in,
    /// 4. the host name.
    ///
    /// - Parameters:
    ///   - configured: the key `device` of the configuration.
    ///   - root: where /proc and /sys are, for tests.
    package static func resolve(configured: String?, root: String = "") -> String {
        configured.flatMap(topicLevel) ?? serialNumber(root).flatMap(topicLevel)
            ?? hardwareAddress(root).flatMap(topicLevel) ?? hostName().flatMap(topicLevel) ?? "apus"
    }

    /// Letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most 64; nil when nothing is left.
    ///
    /// Whatever else becomes `-`: MQTT gives `/`, `+` and `#` a meaning in topics (MQTT 5.0, section 4.7), SenML knows few
    /// characters in names (RFC 8428, section 4.5.1).
    static func topicLevel(_ name: String) -> String? {
        let characters = name.unicodeScalars.prefix(64).map {
            isPlain($0) || "._".unicodeScalars.contains($0) ? $0 : "-"
        }
        let level = characters.drop { !isPlain($0) }
        return level.isEmpty ? nil : String(String.UnicodeScalarView(level))
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }

    /// The firmware writes it into the device tree, ended by NUL. All zeros where nobody did, as in an emulator.
    private static func serialNumber(_ root: String) -> String? {
        guard let bytes = try? SmallFile.read(root + "/proc/device-tree/serial-number", limit: 256) else { return nil }
        let digits = bytes.prefix { $0 != 0 }
        return digits.allSatisfy { $0 == UInt8(ascii: "0") } ? nil : String(decoding: digits, as: UTF8.self)
    }

    private static func hardwareAddress(_ root: String) -> String? {
        let folder = root + "/sys/class/net"
        for interface in entries(of: folder).sorted() {
            // Bridges, tunnels and the loopback have no device behind them.
            guard access("\(folder)/\(interface)/device", F_OK) == 0,
                let bytes = try? SmallFile.read("\(folder)/\(interface)/address", limit: 256)
            else { continue }
            let address = bytes.prefix { $0 != UInt8(ascii: "\n") }
            let isSet = address.contains { $0 != UInt8(ascii: "0") && $0 != UInt8(ascii: ":") }
            if isSet { return String(decoding: address, as: UTF8.self) }
        }
        return nil
    }

    private static func entries(of folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }

    private static func hostName() -> String? {
        // HOST_NAME_MAX is 64 on Linux, and one more for NUL.
        var name = [CChar](repeating: 0, count: 65)
        guard gethostname(&name, name.count - 1) == 0 else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

internal import Glibc
internal import Sensors

/// What is set for this device: `key=value` pairs from the image, from what was provisioned on the card, and, on a
/// developer's machine, from the environment.
public struct Configuration: Sendable {
    private var values: [String: String]

    package init(_ values: [String: String] = [:]) {
        self.values = values
    }

    /// The value of a key; nil where it is not set.
    public subscript(key: String) -> String? { values[key] }

    /// The parts of a comma-separated value, without the spaces around them; none where the key is not set.
    public func list(_ key: String) -> [String] {
        Array((values[key] ?? "").utf8).split(separator: UInt8(ascii: ","))
            .map { String(decoding: trimmed($0), as: UTF8.self) }
            .filter { !$0.isEmpty }
    }

    /// Where the readings go, `broker`: by default a broker on this machine, on MQTT's registered port.
    public var broker: String { values["broker"] ?? "mqtt://127.0.0.1:1883" }

    /// The keys that begin with a prefix and have something after it, without the prefix, sorted.
    package func names(under prefix: String) -> [String] {
        values.keys.compactMap { key in
            key.utf8.starts(with: prefix.utf8) && key.utf8.count > prefix.utf8.count
                ? String(decoding: key.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : nil
        }.sorted()
    }

    /// Takes in the pairs of a file, which win over those before. Without the file nothing changes.
    ///
    /// One pair a line; `#` begins a comment line; spaces around key and value do not count; a line may end as DOS ends
    /// it, because a card's files may be written on any machine.
    /// - Throws: ``ConfigurationError``; nothing of the file is taken in then.
    package mutating func merge(file path: String) throws(ConfigurationError) {
        let bytes: [UInt8]
        do {
            bytes = try SmallFile.read(path, limit: Self.sizeLimit)
        } catch .system(_, code: ENOENT) {
            return
        } catch {
            throw ConfigurationError(file: path, line: nil, reason: error.description)
        }
        let pairs = try Self.parse(bytes, file: path)
        values.merge(pairs) { _, new in new }
    }

    /// Takes in what the environment sets, for a developer's machine: `APUS_BROKER` and `APUS_DEVICE`.
    package mutating func merge(environment: (String) -> String?) {
        if let broker = environment("APUS_BROKER") { values["broker"] = broker }
        if let device = environment("APUS_DEVICE") { values["device"] = device }
    }

    /// Far above any real file; keeps a damaged card from filling the memory.
    static let sizeLimit = 64 * 1024

    static func parse(_ bytes: [UInt8], file: String) throws(ConfigurationError) -> [String: String] {
        var pairs: [String: String] = [:]
        var lines: [String: Int] = [:]
        for (index, rawLine) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            func refusal(_ reason: String) -> ConfigurationError {
                ConfigurationError(file: file, line: index + 1, reason: reason)
            }
            let line = trimmed(rawLine)
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else {
                throw refusal("expected key=value")
            }
            let keyBytes = trimmed(line[..<equals])
            guard !keyBytes.isEmpty, keyBytes.allSatisfy(isKeyByte) else {
                throw refusal("a key is made of letters, digits, '.', '_' and '-'")
            }
            let valueBytes = trimmed(line[(equals + 1)...])
            guard let value = String(validating: valueBytes, as: UTF8.self), valueBytes.allSatisfy({ $0 >= 0x20 })
            else {
                throw refusal("the value is not plain UTF-8 text")
            }
            let key = String(decoding: keyBytes, as: UTF8.self)
            if let first = lines.updateValue(index + 1, forKey: key) {
                throw refusal("\(key) is set on line \(first) already")
            }
            pairs[key] = value
        }
        return pairs
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// Without spaces, tabs and the carriage return of a DOS line end.
private func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
    guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
    else { return [] }
    return bytes[first...last]
}

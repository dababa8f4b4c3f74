internal import Glibc

/// The `key=value` lines of the image's and the card's configuration.
enum Settings {
    /// Far above any real file.
    private static let sizeLimit = 64 * 1024

    /// Empty where the file cannot be read. The last line with a key counts.
    static func read(_ path: String) -> [String: String] {
        var values: [String: String] = [:]
        for line in text(path).split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[trimmed(line[..<equals])] = trimmed(line[line.index(after: equals)...])
        }
        return values
    }

    static func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while content.count < sizeLimit, case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 {
            content += buffer[..<count]
        }
        return String(decoding: content, as: UTF8.self)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}

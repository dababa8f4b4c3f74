/// A line such as "Station/Barometer.swift:42: Fatal error: no pressure", as Swift's runtime writes it.
struct FatalError {
    let message: String
    /// nil in the standard library's own sources, which tell nobody anything.
    let location: String?

    private static let mark = Array("Fatal error".utf8)
    private static let separator = Array(": ".utf8)

    init(line: String) {
        let bytes = Array(line.utf8)
        guard let mark = Self.mark(in: bytes) else {
            (message, location) = (line, nil)
            return
        }
        let message = bytes[(mark + Self.mark.count)...]
        self.message = String(decoding: message.dropFirst(message.starts(with: Self.separator) ? 2 : 0), as: UTF8.self)
        let before = bytes[..<mark]
        let place = String(
            decoding: before.suffix(2) == Self.separator[...] ? before.dropLast(2) : before, as: UTF8.self)
        location = place.isEmpty || place.hasPrefix("Swift/") ? nil : place
    }

    /// Where in a line the runtime's words begin; nil in other lines.
    ///
    /// Byte by byte: searching a String for a text takes a library of its own, 1.7 MB that no program on a device needs
    /// otherwise.
    static func mark(in line: [UInt8]) -> Int? {
        line.indices.first { line[$0...].starts(with: mark) }
    }
}

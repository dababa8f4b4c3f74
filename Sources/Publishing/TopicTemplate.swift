/// A topic in which `{device}`, `{sensor}` and `{quantity}` stand for what a reading is of.
package struct TopicTemplate: Sendable, Hashable {
    /// Why a text is no such template.
    package struct Invalid: Error, Hashable, CustomStringConvertible {
        let text: String
        let problem: String

        package var description: String { "the topic \"\(text)\" is not valid: \(problem)" }
    }

    private enum Part: Sendable, Hashable {
        case text(String)
        case device
        case sensor
        case quantity
    }

    /// MQTT allows 65,535 bytes (section 1.5.4); no broker's administrator wants to read them.
    static let maximumLength = 1024

    private let parts: [Part]

    /// - Throws: ``Invalid``.
    package init(_ text: String) throws(Invalid) {
        func invalid(_ problem: String) -> Invalid { Invalid(text: text, problem: problem) }
        guard (1...Self.maximumLength).contains(text.utf8.count) else {
            throw Invalid(text: "", problem: "it must have 1 to \(Self.maximumLength) bytes")
        }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw invalid("it has a control character") }
        guard !text.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }) else {
            throw invalid("+ and # are for those who subscribe")
        }
        guard text.utf8.first != UInt8(ascii: "$") else { throw invalid("topics with $ belong to the broker") }
        var parts: [Part] = []
        var rest = text.utf8[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]) ?? "")) }
            guard let close = rest[open...].firstIndex(of: UInt8(ascii: "}")) else { throw invalid("a { has no }") }
            let name = rest[rest.index(after: open)..<close]
            switch String(name) ?? "" {
            case "device": parts.append(.device)
            case "sensor": parts.append(.sensor)
            case "quantity": parts.append(.quantity)
            case let name: throw invalid("there is {device}, {sensor} and {quantity}, but no {\(name)}")
            }
            rest = rest[rest.index(after: close)...]
        }
        guard !rest.contains(UInt8(ascii: "}")) else { throw invalid("a } has no {") }
        if !rest.isEmpty { parts.append(.text(String(rest) ?? "")) }
        self.parts = parts
    }

    /// Whether readings of several sensors, or of several quantities, have topics of their own.
    var namesSensor: Bool { parts.contains(.sensor) }
    var namesQuantity: Bool { parts.contains(.quantity) }

    /// - Parameter device: valid as a level of a topic already.
    func topic(device: String, sensor: String = "", quantity: String = "") -> String {
        var topic = ""
        for part in parts {
            switch part {
            case .text(let text): topic += text
            case .device: topic += device
            case .sensor: topic += Self.level(sensor)
            case .quantity: topic += Self.level(quantity)
            }
        }
        return topic
    }

    /// The name with "_" for every byte that is not a letter, digit, "-", "." or ":": one level of a topic, of characters that
    /// SenML's names have, too.
    static func level(_ name: String) -> String {
        func isFit(_ byte: UInt8) -> Bool { SenML.isLegal(byte) && byte != UInt8(ascii: "/") }
        if name.utf8.allSatisfy(isFit) { return name }
        return String(decoding: name.utf8.map { isFit($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }
}

internal import Glibc
internal import JSON
internal import Updating

extension Command {
    static let outbox = Command(
        name: "outbox", summary: "show the readings that wait to be delivered", argument: nil, options: [.json],
        discussion: """
            Shows how many readings wait and where, how far each receiver is, what had to be dropped or was put aside, which
            gaps receivers are told of and why, and what is wrong with the disk. The app tells it, at most a second ago.
            """,
        examples: [("apus outbox", "for people"), ("apus outbox --json", "for programs")],
        run: { arguments throws(UpdateError) in try showOutbox(arguments) })

    /// Written by the app's publisher.
    private static let path = "/run/apus/outbox.json"

    private static func showOutbox(_ arguments: Arguments) throws(UpdateError) {
        let status = try outboxStatus(path)
        if arguments.has("--json") { return Output.json(.object(status)) }
        for line in outboxLines(status) { Output.line(line) }
        if status["stale"]?.boolValue == true { Output.note("the app that told this does not run any more") }
    }

    /// What is in the app's file, and whether it is stale: of an app that does not run any more.
    static func outboxStatus(_ path: String) throws(UpdateError) -> JSON.Object {
        let text = Settings.text(path)
        guard !text.isEmpty else {
            throw .system(operation: "read", path: path, reason: "the app does not run, or publishes nothing")
        }
        guard case .object(var status)? = try? JSON(parsing: Array(text.utf8)) else {
            throw .system(operation: "read", path: path, reason: "the app is of another version than this command")
        }
        let process = Int32(clamping: status["process"]?.integerValue ?? 0)
        // Anybody may ask about a process that is another's.
        status["stale"] = .bool(process <= 0 || (kill(process, 0) != 0 && errno == ESRCH))
        return status
    }

    /// For people.
    static func outboxLines(_ status: JSON.Object) -> [String] {
        func number(_ key: String) -> Int64 { status[key]?.integerValue ?? 0 }
        func text(_ key: String) -> String? { status[key]?.stringValue.map(Output.printable) }
        var lines = [
            "waiting: \(number("depth")) readings, \(number("disk")) of them on disk, \(number("memory")) in memory only"
        ]
        if let oldest = status["oldest"]?.integerValue {
            lines.append("oldest: of \(date(oldest))")
        }
        if number("limit") > 0 {
            let (bytes, limit) = (Output.size(Int(number("bytes"))), Output.size(Int(number("limit"))))
            lines.append("disk: \(bytes) of \(limit)")
        } else {
            lines.append("disk: none, all is kept in memory")
        }
        if let rate = status["rate"]?.doubleValue { lines.append("rate: \(rate) readings a second") }
        for case .object(let transport) in status["transports"]?.arrayValue ?? [] {
            let name = Output.printable(transport["name"]?.stringValue ?? "?")
            let broker = transport["broker"]?.stringValue.map { " to \(Output.printable($0))" } ?? ""
            let connection = transport["connected"]?.boolValue == true ? "connected\(broker)" : "not connected"
            lines.append(
                "\(name): \(connection), at number \(transport["position"]?.integerValue ?? 0), "
                    + "\(transport["lag"]?.integerValue ?? 0) behind, \(transport["inFlight"]?.integerValue ?? 0) messages "
                    + "in flight")
        }
        lines.append(
            "dropped: \(number("dropped")); not publishable: \(number("unpublishable")); "
                + "refused and put aside: \(number("deadLetters"))")
        let missing = (status["missing"]?.objectValue?.members ?? []).map { member in
            "\(member.value.integerValue ?? 0) \(Output.printable(member.name))"
        }
        if !missing.isEmpty {
            lines.append("missing since the app's start, told to receivers: \(missing.joined(separator: ", "))")
        }
        for case .object(let letter) in status["lastDeadLetters"]?.arrayValue ?? [] {
            func text(_ key: String) -> String { Output.printable(letter[key]?.stringValue ?? "?") }
            lines.append(
                "put aside: number \(letter["number"]?.integerValue ?? 0), \(text("quantity")) of \(text("sensor")), "
                    + "refused by \(text("transport")): \(text("reason"))")
        }
        if let damage = text("damage") { lines.append("damage: \(damage)") }
        if let alarm = text("alarm") { lines.append("ALARM: the disk takes no readings: \(alarm)") }
        return lines
    }

    /// As in `2026-11-21 12:00:00 UTC`.
    private static func date(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        guard gmtime_r(&time, &parts) != nil else { return "\(seconds) s after 1970" }
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S UTC", &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

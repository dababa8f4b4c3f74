/// Where a ``Publisher`` delivers to.
///
/// Options that are not valid fail the publisher when it starts, with a sentence that says what is wrong with them.
public enum Destination: Sendable, Hashable {
    /// An MQTT broker, version 5 or 3.1.1.
    case mqtt(MQTTOptions)

    /// A web server that takes POST requests.
    case https(HTTPOptions)

    /// A file, a SenML pack in JSON on each line.
    case file(FileOptions)

    /// The standard output, a SenML pack in JSON on each line: for development.
    case standardOutput

    /// An MQTT broker: `mqtt://[user[:password]@]host[:port]`, or `mqtts://...` with TLS; the port by default 1883, with TLS
    /// 8883, an IPv6 address in brackets. Several, with commas in between, are tried in turn.
    public static func mqtt(_ brokers: String) -> Destination { .mqtt(MQTTOptions(brokers)) }

    /// A web server: `https://[user:password@]host[:port]/path`.
    public static func https(_ url: String) -> Destination { .https(HTTPOptions(url)) }

    /// A file of at most 16 MiB, with one older one beside it.
    public static func file(_ path: String) -> Destination { .file(FileOptions(path)) }
}

extension Destination {
    /// The names under which the outbox keeps how far each is: `mqtt`, `https`, `mqtt-2`. They stay what they are when others
    /// of another kind come or go.
    static func names(_ destinations: [Destination]) -> [String] {
        var counts: [String: Int] = [:]
        return destinations.map { destination in
            let count = counts[destination.kind, default: 0] + 1
            counts[destination.kind] = count
            return count == 1 ? destination.kind : "\(destination.kind)-\(count)"
        }
    }

    /// Whether all connections over the network are there.
    /// - Parameter connected: for each destination whether it is.
    /// - Returns: nil when none of them is on the network.
    static func areReached(_ destinations: [Destination], _ connected: [Bool]) -> Bool? {
        let remote = destinations.indices.filter { index in
            switch destinations[index] {
            case .mqtt, .https: true
            case .file, .standardOutput: false
            }
        }
        return remote.isEmpty ? nil : remote.allSatisfy { connected.indices.contains($0) && connected[$0] }
    }

    private var kind: String {
        switch self {
        case .mqtt: "mqtt"
        case .https: "https"
        case .file: "file"
        case .standardOutput: "stdout"
        }
    }

    /// Begins to connect at once.
    /// - Parameters:
    ///   - report: takes the lines for the console.
    ///   - configure: changes the settings of connections to brokers.
    /// - Throws: what is not valid in the options, or why the system has no thread to give.
    func transport(
        device: String, report: @escaping @Sendable (String) -> Void, configure: (inout MQTTSettings) -> Void
    ) throws -> any Transport {
        switch self {
        case .mqtt(let options):
            return try MQTTTransport(options, device: device, report: report, configure: configure)
        case .https(let options):
            let settings = try options.settings(device: device)
            return try SerialTransport(interval: options.interval, report: report) { HTTPReceiver(settings) }
        case .file(let options):
            try options.check()
            return try SerialTransport(interval: options.interval, report: report) {
                FileReceiver(options, device: device)
            }
        case .standardOutput:
            return try SerialTransport(report: report) { OutputReceiver(device: device) }
        }
    }
}

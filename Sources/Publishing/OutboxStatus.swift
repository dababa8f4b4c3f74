internal import JSON

/// How it stands with the outbox, for those who look.
struct OutboxStatus: Sendable, Equatable {
    struct Transport: Sendable, Hashable {
        let name: String
        let isConnected: Bool
        /// Everything up to this number is acknowledged.
        let position: UInt64
        /// Readings behind it, at most.
        let lag: UInt64
        let inFlight: Int
        let acknowledged: UInt64
    }

    var device = ""
    /// Readings not yet acknowledged by all; of those that are stored nowhere else, in memory; on disk.
    var depth: UInt64 = 0
    var memory = 0
    var disk: UInt64 = 0
    /// The files', in use and at most; 0 without files.
    var bytes: UInt64 = 0
    var limit: UInt64 = 0
    /// When the oldest of them was taken, in nanoseconds since 1970; nil while that is not known.
    var oldest: Int64?
    /// Numbers given, and the next one.
    var accepted: UInt64 = 0
    var next: UInt64 = 0
    var transports: [Transport] = []
    /// Readings that made room, since there is this outbox, and since the process began.
    var dropped: UInt64 = 0
    var droppedNow: UInt64 = 0
    /// Readings without a number, for SenML cannot carry them: infinite, or not a number.
    var unpublishable: UInt64 = 0
    var deadLetters: UInt64 = 0
    /// The last of them, the newest last.
    var lastLetters: [DeadLetter] = []
    /// Numbers that receivers were or will be told of as gaps, since the process began.
    var missing: [OutboxGap.Reason: UInt64] = [:]
    /// What is wrong now, in words; nil when nothing is.
    var alarm: String?
    /// The last damage since the process began.
    var damage: String?

    /// - Parameters:
    ///   - rate: readings a second, of late.
    ///   - time: in nanoseconds since 1970.
    func json(process: Int32, time: Int64?, uptime: UInt64, rate: Double, brokers: [String: String]) -> JSON {
        func number(_ value: UInt64) -> JSON { .integer(Int64(clamping: value)) }
        func seconds(_ time: Int64?) -> JSON { time.map { .integer($0 / 1_000_000_000) } ?? .null }
        var missing = JSON.Object()
        for reason in OutboxGap.Reason.allCases { missing[reason.name] = self.missing[reason].map(number) }
        return [
            "device": .string(device), "process": .integer(Int64(process)), "time": seconds(time),
            "uptime": number(uptime), "depth": number(depth), "memory": .integer(Int64(memory)),
            "disk": number(disk), "bytes": number(bytes), "limit": number(limit), "oldest": seconds(oldest),
            "rate": rate.isFinite ? .number((rate * 10).rounded() / 10) : .null, "accepted": number(accepted),
            "next": number(next), "dropped": number(dropped), "unpublishable": number(unpublishable),
            "missing": .object(missing), "deadLetters": number(deadLetters),
            "lastDeadLetters": .array(
                lastLetters.map {
                    [
                        "number": number($0.reading.sequence), "sensor": .string($0.reading.sensor),
                        "quantity": .string($0.reading.quantity.name), "transport": .string($0.transport),
                        "reason": .string($0.reason),
                    ]
                }), "alarm": alarm.map { .string($0) } ?? .null,
            "damage": damage.map { .string($0) } ?? .null,
            "transports": .array(
                transports.map {
                    [
                        "name": .string($0.name), "connected": .bool($0.isConnected),
                        "broker": brokers[$0.name].map { .string($0) } ?? .null, "position": number($0.position),
                        "lag": number($0.lag), "inFlight": .integer(Int64($0.inFlight)),
                        "acknowledged": number($0.acknowledged),
                    ]
                }),
        ]
    }
}

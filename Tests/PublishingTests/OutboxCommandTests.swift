import Foundation
import JSON
import Sensors
import Testing

@testable import Publishing
@testable import apus

/// What `apus outbox` shows of what an app's publisher tells.
struct OutboxCommandTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("apus-status-\(UUID())").path

    /// Of an outbox that has met with everything.
    private func makeStatus() -> OutboxStatus {
        var status = OutboxStatus()
        status.device = "device-1"
        (status.depth, status.memory, status.disk) = (7, 2, 5)
        (status.bytes, status.limit) = (24_576, 65_536)
        status.oldest = 1_700_000_000_123_456_789
        (status.accepted, status.next) = (1000, 4711)
        status.transports = [
            OutboxStatus.Transport(
                name: "mqtt", isConnected: true, position: 4700, lag: 10, inFlight: 1, acknowledged: 990),
            OutboxStatus.Transport(
                name: "https", isConnected: false, position: 4703, lag: 7, inFlight: 0, acknowledged: 993),
        ]
        (status.dropped, status.droppedNow, status.unpublishable, status.deadLetters) = (12, 3, 2, 1)
        let reading = Reading(
            sensor: "probe", quantity: .temperature, value: .number(21), wallTime: nil, monotonicTime: 77, bootID: "b",
            sequence: 4242)
        // A server may say anything.
        status.lastLetters = [DeadLetter(reading: reading, transport: "https", reason: "400 Bad\u{1B} Request")]
        status.missing = [.mailbox: 3, .refused: 1]
        status.alarm = "database or disk is full"
        status.damage = "the outbox's log was damaged: 2 blocks of readings are saved"
        return status
    }

    @Test func showsAllThatTheAppTells() throws {
        defer { unlink(path) }
        var file = StatusFile(path)
        var status = makeStatus()
        status.accepted -= 95
        file.update(status, time: nil, brokers: [:], now: 0)
        file.update(
            makeStatus(), time: 1_700_000_100_000_000_000, brokers: ["mqtt": "broker.example:1883"],
            now: 10_000_000_000)
        let shown = try Command.outboxStatus(path)
        let lines = Command.outboxLines(shown)
        let expected = [
            "waiting: 7 readings, 5 of them on disk, 2 in memory only",
            "oldest: of 2023-11-14 22:13:20 UTC",
            "disk: 24.5 kB of 65.5 kB",
            "rate: 9.5 readings a second",
            "mqtt: connected to broker.example:1883, at number 4700, 10 behind, 1 messages in flight",
            "https: not connected, at number 4703, 7 behind, 0 messages in flight",
            "dropped: 12; not publishable: 2; refused and put aside: 1",
            "missing since the app's start, told to receivers: 3 mailbox, 1 refused",
            "put aside: number 4242, temperature of probe, refused by https: 400 Bad? Request",
            "damage: the outbox's log was damaged: 2 blocks of readings are saved",
            "ALARM: the disk takes no readings: database or disk is full",
        ]
        #expect(lines == expected)
        let json = try JSON(
            parsing: """
                {
                  "device": "device-1", "process": \(getpid()), "time": 1700000100, "uptime": 10, "depth": 7,
                  "memory": 2, "disk": 5, "bytes": 24576, "limit": 65536, "oldest": 1700000000, "rate": 9.5,
                  "accepted": 1000, "next": 4711, "dropped": 12, "unpublishable": 2,
                  "missing": {"mailbox": 3, "refused": 1}, "deadLetters": 1,
                  "lastDeadLetters": [
                    {
                      "number": 4242, "sensor": "probe", "quantity": "temperature", "transport": "https",
                      "reason": "400 Bad\\u001b Request"
                    }
                  ],
                  "alarm": "database or disk is full",
                  "damage": "the outbox's log was damaged: 2 blocks of readings are saved",
                  "transports": [
                    {
                      "name": "mqtt", "connected": true, "broker": "broker.example:1883", "position": 4700, "lag": 10,
                      "inFlight": 1, "acknowledged": 990
                    },
                    {
                      "name": "https", "connected": false, "broker": null, "position": 4703, "lag": 7,
                      "inFlight": 0, "acknowledged": 993
                    }
                  ],
                  "stale": false
                }
                """)
        #expect(JSON.object(shown) == json)
    }

    @Test func showsAnOutboxWithoutFilesOfAnAppThatIsGone() throws {
        defer { unlink(path) }
        // No process has this number.
        let told = OutboxStatus().json(process: 0, time: nil, uptime: 0, rate: 0, brokers: [:])
        try Data(told.serialized()).write(to: URL(fileURLWithPath: path))
        let shown = try Command.outboxStatus(path)
        #expect(shown["stale"]?.boolValue == true)
        let lines = Command.outboxLines(shown)
        let expected = [
            "waiting: 0 readings, 0 of them on disk, 0 in memory only",
            "disk: none, all is kept in memory",
            "rate: 0.0 readings a second",
            "dropped: 0; not publishable: 0; refused and put aside: 0",
        ]
        #expect(lines == expected)
    }
}

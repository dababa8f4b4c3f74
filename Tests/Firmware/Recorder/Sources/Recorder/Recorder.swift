import Apus

/// Publishes readings that can be told apart, and says on the console which of them it was told to be stored: the device
/// of the tests of delivery (Tests/SystemTests/DeliveryTests.swift).
///
/// Some ninety-five readings a second, as many as an emulated board has no trouble with. A sensor's values count up from
/// 0 in each process, whose start is part of its name. The settings `outbox.bytes` and `outbox.memory` are the bounds of
/// its outbox.
@main
struct Recorder: FirmwareApp {
    func children(on board: Board) throws -> [ChildSpec] {
        var outbox = OutboxOptions()
        outbox.durability = .window(Tally.window)
        outbox.bytes = board.config["outbox.bytes"].flatMap { Int($0) }
        outbox.memory = board.config["outbox.memory"].flatMap { Int($0) } ?? outbox.memory
        let publisher = Publisher(to: .mqtt(board.mqtt), device: board.device, outbox: outbox)
        let tally = Tally()
        let posted = [("posted-fast", 25), ("posted-slow", 500)].map { name, period in
            let counter = PostedCounter(id: tally.name(name), tally: tally)
            return Sensor(counter, every: .milliseconds(period), into: publisher.mailbox).childSpec
        }
        let stored = [("stored-fast", 100, 9), ("stored-slow", 330, 1)].map { name, period, most in
            let counter = StoredCounter(id: tally.name(name), publisher: publisher, tally: tally)
            return counter.childSpec(every: .milliseconds(period), most: most)
        }
        return [publisher.childSpec] + posted + stored + [tally.childSpec]
    }
}

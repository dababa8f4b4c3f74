import Foundation
import Sensors
import Testing

@testable import Publishing

/// Chance does what can happen to an outbox; its receivers and what was told to be stored are the judges.
///
/// `APUS_SEED=n` repeats one scenario, as far as the order of tasks allows; `APUS_SCENARIOS=n` runs more.
@Suite(.timeLimit(.minutes(30)), .serialized)
struct OutboxModelTests {
    private static let onlySeed = getenv("APUS_SEED").flatMap { UInt64(String(cString: $0)) }
    private static let count = getenv("APUS_SCENARIOS").flatMap { Int(String(cString: $0)) } ?? 6

    @Test func whateverHappensNothingIsLostUnreported() async throws {
        let seeds = Self.onlySeed.map { [$0] } ?? (0..<Self.count).map { _ in .random(in: 0 ... .max) }
        for seed in seeds { try await scenario(seed) }
    }

    private func scenario(_ seed: UInt64) async throws {
        var random = Generator(state: seed)
        var world = try World(&random)
        try await world.start()
        for _ in 0..<150 {
            let transport = Int.random(in: 0..<world.links.count, using: &random)
            switch Int.random(in: 0..<108, using: &random) {
            case 0..<30: try await world.accept(Int.random(in: 1..<200, using: &random), isStored: false)
            case 30..<40: try await world.accept(Int.random(in: 1..<300, using: &random), isStored: true)
            case 40..<55: await world.connect(transport)
            case 55..<62: await world.disconnect(transport)
            case 62..<85: await world.receive(transport, &random)
            case 85..<93: world.fixture?.clock.advance(by: .seconds(Int.random(in: 1..<9, using: &random)))
            case 93..<96: try await world.stop()
            case 96..<99: try await world.kill()
            case 99: try await world.damage(&random)
            case 100..<103: world.setClock(&random)
            case 103..<105: try world.fillDisk()
            default: try await world.freeDisk()
            }
        }
        try await world.drain()
        world.judge("APUS_SEED=\(seed) repeats this")
    }

    private struct World {
        let disk: Disk
        var place: OutboxPlace
        let bytes: Int
        /// What the first receiver refuses: every reading whose count this divides.
        let poison: UInt64
        var fixture: OutboxFixture?
        var links: [FakeLink?]
        var inFlight: [[OutboxMessage]]
        var received: [Received]
        /// By receiver: the numbers in messages that it refused, which come again later.
        var refused: [Set<UInt64>]
        var stored: Set<UInt64> = []
        var readings: [UInt64: Reading] = [:]
        var poisoned: Set<UInt64> = []
        var first: UInt64 = 0
        var next: UInt64 = 0
        var isDamaged = false
        /// Wall time minus monotonic time; nil while the clock is not set.
        let offset = Lock<Int64?>(nil)
        private var boots = 0
        private var count: UInt64 = 0

        init(_ random: inout Generator) throws {
            disk = try Disk()
            place = OutboxPlace(in: disk.folder)
            bytes = Bool.random(using: &random) ? 96 << 10 : 1 << 20
            poison = Bool.random(using: &random) ? 97 : .max
            let count = Int.random(in: 1...3, using: &random)
            links = Array(repeating: nil, count: count)
            inFlight = Array(repeating: [], count: count)
            received = Array(repeating: Received(), count: count)
            refused = Array(repeating: [], count: count)
        }

        mutating func start() async throws {
            var options = OutboxFixture.options(place.folder, .window(.seconds(5)))
            options.bytes = bytes
            options.memory = 1000
            boots += 1
            let offset = offset
            let fixture = try OutboxFixture(
                options, transports: links.indices.map { "receiver-\($0)" }, boot: "boot-\(boots)",
                wallTime: { time in offset.withLock { $0.map { $0 &+ Int64(clamping: time) } } })
            await fixture.outbox.open()
            #expect(await fixture.outbox.status.alarm == nil)
            let start = await fixture.outbox.status.next
            #expect(start >= next, "a number is given again")
            if first == 0 { first = start }
            next = start
            self.fixture = fixture
            links = links.map { _ in nil }
            inFlight = inFlight.map { _ in [] }
        }

        mutating func accept(_ amount: Int, isStored: Bool) async throws {
            guard let fixture else { return }
            var some: [Reading] = []
            for _ in 0..<amount {
                count += 1
                let sample = sampleReading(count, boot: "boot-\(boots)")
                let offset = offset.withLock { $0 }
                some.append(
                    Reading(
                        sensor: sample.sensor, quantity: sample.quantity, value: sample.value,
                        wallTime: offset.map { $0 &+ Int64(sample.monotonicTime) },
                        monotonicTime: sample.monotonicTime, bootID: sample.bootID, sequence: 0))
            }
            guard let numbers = try await fixture.outbox.accept(some) else { return }
            for (index, reading) in some.enumerated() {
                let number = numbers.upperBound - UInt64(amount - 1 - index)
                readings[number] = reading
                if (count - UInt64(amount - 1 - index)).isMultiple(of: poison) { poisoned.insert(number) }
            }
            next = numbers.upperBound + 1
            // A full disk takes nothing, and says so only when it is asked for more.
            if isStored, !disk.isFull {
                try await fixture.outbox.flush()
                stored.formUnion(numbers)
            }
        }

        mutating func connect(_ transport: Int) async {
            let link = FakeLink()
            links[transport] = link
            inFlight[transport] = []
            await fixture?.outbox.connect(transport, link)
        }

        mutating func disconnect(_ transport: Int) async {
            links[transport]?.fail()
            links[transport] = nil
            inFlight[transport] = []
            await fixture?.outbox.disconnect(transport)
        }

        /// Settles some of what is in flight, in any order. What came was received, acknowledged or not.
        mutating func receive(_ transport: Int, _ random: inout Generator) async {
            take(transport)
            inFlight[transport].shuffle(using: &random)
            await settle(transport, Int.random(in: 0...inFlight[transport].count, using: &random))
        }

        private mutating func take(_ transport: Int) {
            for message in links[transport]?.take() ?? [] {
                inFlight[transport].append(message)
                if isRefused(message, by: transport) {
                    refused[transport].formUnion(message.numbers)
                } else {
                    received[transport].take(message.content)
                }
            }
        }

        private mutating func settle(_ transport: Int, _ count: Int) async {
            let some = inFlight[transport].prefix(count)
            inFlight[transport].removeFirst(count)
            let bad = some.filter { isRefused($0, by: transport) }
            let good = some.filter { !isRefused($0, by: transport) }
            await fixture?.outbox.settle(
                transport, acknowledged: good.map(\.number), rejected: bad.map { ($0.number, "refused") })
        }

        private func isRefused(_ message: OutboxMessage, by transport: Int) -> Bool {
            guard transport == 0, case .readings = message.content else { return false }
            return message.numbers.contains(where: poisoned.contains)
        }

        /// A jump of years, or no clock any more.
        func setClock(_ random: inout Generator) {
            let year: Int64 = 31_557_600 * 1_000_000_000
            let years = Int64.random(in: -1...60, using: &random)
            offset.withLock { $0 = years < 0 ? nil : years * year }
        }

        func fillDisk() throws { try disk.fill() }

        func freeDisk() async throws {
            disk.free()
            guard let fixture else { return }
            await fixture.outbox.rest()
            while await fixture.outbox.status.alarm != nil {
                fixture.clock.advance(by: .seconds(10))
                try Task.checkCancellation()
                await Task.yield()
            }
        }

        mutating func stop() async throws {
            try await freeDisk()
            await fixture?.outbox.close()
            try await start()
        }

        /// The files as they are at this moment are all that is left.
        mutating func kill() async throws {
            try await move { _ in }
            try await start()
        }

        mutating func damage(_ random: inout Generator) async throws {
            isDamaged = true
            try await move { place in
                let name = ["outbox.db", "outbox.db-wal", "sequence"].randomElement(using: &random) ?? ""
                var bytes = place.bytes(name)
                if name == "sequence", !bytes.isEmpty {
                    bytes[[0, 4096].randomElement(using: &random) ?? 0] ^= 4
                } else if !bytes.isEmpty {
                    for _ in 0..<3 { bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 }
                }
                try place.write(bytes, to: name)
            }
            try await start()
        }

        /// A copy at once, as far as the outbox is concerned: nothing is being written.
        private mutating func move(_ change: (OutboxPlace) throws -> Void) async throws {
            await fixture?.outbox.rest()
            disk.free()
            let new = OutboxPlace(in: disk.folder)
            try FileManager.default.createDirectory(atPath: new.folder, withIntermediateDirectories: true)
            for name in ["outbox.db-wal", "outbox.db", "sequence"]
            where FileManager.default.fileExists(atPath: place.path(name)) {
                try new.write(place.bytes(name), to: name)
            }
            try change(new)
            fixture = nil
            place = new
        }

        mutating func drain() async throws {
            try await freeDisk()
            guard let fixture else { return }
            for transport in links.indices { await connect(transport) }
            while true {
                for transport in links.indices {
                    take(transport)
                    await settle(transport, inFlight[transport].count)
                }
                let status = await fixture.outbox.status
                if status.transports.allSatisfy({ $0.lag == 0 }) { return }
                try Task.checkCancellation()
                await Task.yield()
            }
        }

        func judge(_ context: Comment) {
            for (transport, receiver) in received.enumerated() {
                let putAside = transport == 0 ? poisoned : []
                let missing = (first..<next).filter { !receiver.isAccounted($0) && !putAside.contains($0) }
                #expect(missing.isEmpty, context)
                for number in stored.subtracting(putAside) where receiver.readings[number] == nil {
                    let reasons = receiver.gaps.filter { $0.first <= number && number <= $0.last }.map(\.reason)
                    let isExplained = reasons.contains { $0 == .full || $0 == .several || isDamaged && $0 != .memory }
                    #expect(isExplained, "\(number) is missing for \(reasons); \(context)")
                }
                let wrong = receiver.readings.filter { number, found in
                    guard let sent = readings[number] else { return false }
                    // A time that was not known may be known now.
                    return found.value != sent.value || found.sensor != sent.sensor || found.bootID != sent.bootID
                        || sent.wallTime != nil && found.wallTime != sent.wallTime
                }
                #expect(wrong.isEmpty, context)
                let order = receiver.order.filter { !refused[transport].contains($0) }
                let disorder = zip(order, order.dropFirst()).first { $0 > $1 }
                #expect(disorder == nil, context)
                #expect(receiver.broken.isEmpty, "it was told that these would never come; \(context)")
            }
        }
    }
}

/// A file system that can be full; for those who may not mount one, a folder that never is.
private final class Disk {
    let folder: String
    private(set) var isFull = false
    private let isMounted = geteuid() == 0

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-disk-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Two outboxes with their logs.
        if isMounted { try shell("mount -t tmpfs -o size=24m tmpfs \(folder)") }
    }

    deinit {
        if isMounted { try? shell("umount -l \(folder)") }
        try? FileManager.default.removeItem(atPath: folder)
    }

    private var ballast: String { "\(folder)/ballast" }

    func fill() throws {
        guard isMounted, !isFull else { return }
        isFull = true
        let descriptor = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        for size in [1 << 20, 4096] {
            let bytes = [UInt8](repeating: 0, count: size)
            while write(descriptor, bytes, size) == size {}
        }
    }

    func free() {
        isFull = false
        unlink(ballast)
    }
}

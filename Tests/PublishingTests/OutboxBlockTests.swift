import Sensors
import Testing

@testable import Publishing

struct OutboxBlockTests {
    @Test func readingsComeBackAsTheyWere() throws {
        var readings = (1...1000).map { sampleReading($0) }
        let values: [Reading.Value] = [
            .number(-0.0), .number(.leastNonzeroMagnitude), .number(.greatestFiniteMagnitude), .number(1e300),
            .number(.infinity), .number(21.4375), .bool(true), .bool(false),
        ]
        for (index, value) in values.enumerated() {
            readings.append(
                Reading(
                    sensor: "odd \(index) ä", quantity: Quantity("", unit: index.isMultiple(of: 2) ? "" : nil),
                    value: value,
                    wallTime: [.min, .max, 0, nil][index % 4], monotonicTime: [0, .max][index % 2],
                    bootID: "test-boot", sequence: UInt64(1001 + index)))
        }
        #expect(try roundTrip(readings.map { .reading($0) }) == readings.map { .reading($0) })
    }

    @Test func blocksAreSmallAndFew() {
        let blocks = OutboxBlock.blocks(sampleEntries(1...10_000), runningTime: 0)
        #expect(blocks.allSatisfy { $0.count <= OutboxBlock.targetSize })
        #expect(blocks.map(\.count).reduce(0, +) < 10_000 * 15)
    }

    @Test func aBlockHoldsOneBootAndNoHole() throws {
        let entries =
            sampleEntries([5, 6, 7, 9]) + sampleEntries([10], boot: "next")
            + [.gap(OutboxGap(first: 11, last: 1 << 52, reason: .restart, wallTime: 5))]
        let blocks = OutboxBlock.blocks(entries, runningTime: 7)
        let headers = blocks.compactMap { $0.withUnsafeBytes { OutboxBlock.header($0) } }
        #expect(headers.map(\.first) == [5, 9, 10, 11])
        #expect(headers.map(\.last) == [7, 9, 10, 1 << 52])
        #expect(blocks[0].withUnsafeBytes { OutboxBlock.runningTime($0) } == 7)
        #expect(try roundTrip(entries) == entries)
    }

    @Test func longNamesAreCutAndFit() throws {
        let name = String(repeating: "n", count: 5000)
        let reading = Reading(
            sensor: name, quantity: Quantity(name, unit: name), value: .bool(true), wallTime: 1, monotonicTime: 1,
            bootID: name, sequence: 9)
        let blocks = OutboxBlock.blocks([.reading(reading)], runningTime: 0)
        #expect(blocks[0].count < OutboxBlock.targetSize)
        let back = try blocks[0].withUnsafeBytes { try OutboxBlock.readings($0) }
        #expect(back.first?.sensor == String(name.prefix(254)))
    }

    @Test func damageIsNoticedAtEveryBit() {
        let block = OutboxBlock.blocks(sampleEntries(1...40), runningTime: 0)[0]
        for index in block.indices {
            for bit in 0..<8 {
                var damaged = block
                damaged[index] ^= 1 << bit
                #expect(damaged.withUnsafeBytes { (try? OutboxBlock.entries($0)) } == nil, "byte \(index)")
            }
            #expect(block[..<index].withUnsafeBytes { (try? OutboxBlock.entries($0)) } == nil)
        }
    }

    /// What a checksum cannot exclude: that hostile content passes.
    @Test func hostileContentDoesNotTrap() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let content = (0..<Int.random(in: 0..<200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            for kind in [OutboxBlock.Kind.readings, .gap, .state, .dead] {
                let count: UInt64 = [1, 5, 1 << 53][Int.random(in: 0..<3, using: &random)]
                let block = OutboxBlock.block(kind, first: (1 << 53) - 1, count: count, content: content)
                block.withUnsafeBytes { bytes in
                    _ = try? OutboxBlock.entries(bytes)
                    _ = try? OutboxState(bytes)
                    _ = try? DeadLetter(bytes)
                }
            }
        }
    }

    @Test func stateAndDeadLettersComeBack() throws {
        var state = OutboxState()
        state.cursors = ["mqtt": 1 << 52, "file": 0]
        for boot in 0..<40 { state.remember(.init(id: "boot-\(boot)", offset: Int64(boot) - 20)) }
        state.runningTime = 99
        #expect(state.boots.count == OutboxState.mostBoots && state.boots.last?.id == "boot-39")
        #expect(try state.block(generation: 3).withUnsafeBytes { try OutboxState($0) } == state)
        let letter = DeadLetter(reading: sampleReading(8), transport: "mqtt", reason: "too large")
        #expect(try letter.block.withUnsafeBytes { try DeadLetter($0) } == letter)
    }

    private func roundTrip(_ entries: [OutboxEntry]) throws -> [OutboxEntry] {
        try OutboxBlock.blocks(entries, runningTime: 0).flatMap {
            try $0.withUnsafeBytes { try OutboxBlock.entries($0) }
        }
    }
}

import Sensors
import Testing

@testable import Publishing

struct DeliveryQueueTests {
    @Test func acknowledgedReadingsLeaveInOrder() {
        var queue = filled(5)
        let first = queue.nextBatch(upTo: 2) { _, _ in true }
        let second = queue.nextBatch(upTo: 2) { _, _ in true }
        #expect(numbers(first) == [0, 1] && numbers(second) == [2, 3])
        #expect(queue.inFlight == 4 && queue.count == 5)
        #expect(queue.acknowledge(first?.number ?? 0) == 2)
        #expect(queue.inFlight == 2 && queue.count == 3)
        #expect(queue.acknowledge(second?.number ?? 0) == 2)
        #expect(numbers(queue.nextBatch(upTo: 9) { _, _ in true }) == [4])
        #expect(queue.nextBatch(upTo: 9) { _, _ in true } == nil)
    }

    @Test func unknownAndRepeatedAcknowledgementsChangeNothing() {
        var queue = filled(2)
        let batch = queue.nextBatch(upTo: 1) { _, _ in true }
        #expect(queue.acknowledge(99) == 0)
        #expect(queue.acknowledge(batch?.number ?? 0) == 1)
        #expect(queue.acknowledge(batch?.number ?? 0) == 0)
        #expect(queue.count == 1)
    }

    @Test func acknowledgementsOutOfOrderWait() {
        var queue = filled(4)
        let first = queue.nextBatch(upTo: 2) { _, _ in true }
        let second = queue.nextBatch(upTo: 2) { _, _ in true }
        #expect(queue.acknowledge(second?.number ?? 0) == 2)
        #expect(queue.acknowledge(second?.number ?? 0) == 0)
        #expect(queue.count == 4)
        #expect(queue.acknowledge(first?.number ?? 0) == 2)
        #expect(queue.isEmpty && queue.inFlight == 0 && queue.batchCount == 0)
    }

    @Test func returnedReadingsGoAgainInTheirOldOrder() {
        var queue = filled(5)
        let old = queue.nextBatch(upTo: 2) { _, _ in true }
        _ = queue.nextBatch(upTo: 2) { _, _ in true }
        queue.returnInFlight()
        #expect(queue.inFlight == 0 && queue.batchCount == 0)
        #expect(queue.acknowledge(old?.number ?? 0) == 0, "an acknowledgement of the old connection is void")
        #expect(numbers(queue.nextBatch(upTo: 9) { _, _ in true }) == [0, 1, 2, 3, 4])
    }

    @Test func batchesEndWhereReadingsCannotShare() {
        var queue = filled(6)
        let even = queue.nextBatch(upTo: 9) { first, next in next.sequence / 3 == first.sequence / 3 }
        #expect(numbers(even) == [0, 1, 2])
        #expect(numbers(queue.nextBatch(upTo: 0) { _, _ in true }) == [3], "a limit below 1 counts as 1")
    }

    @Test func fullQueueDropsItsOldest() {
        var queue = filled(25, capacity: 10)
        #expect(queue.dropped == 15 && queue.count == 10)
        #expect(numbers(queue.nextBatch(upTo: 99) { _, _ in true }) == Array(15..<25))
    }

    @Test func overwrittenReadingsInFlightCountUntilAcknowledged() {
        var queue = filled(4, capacity: 4)
        let first = queue.nextBatch(upTo: 2) { _, _ in true }
        let second = queue.nextBatch(upTo: 1) { _, _ in true }
        for sequence in 4..<9 { queue.append(reading(UInt64(sequence))) }
        #expect(queue.dropped == 5 && queue.count == 4 && queue.inFlight == 0)
        #expect(queue.acknowledge(first?.number ?? 0) == 2, "they arrived after all")
        #expect(queue.dropped == 3)
        #expect(queue.acknowledge(second?.number ?? 0) == 1)
        #expect(queue.dropped == 2)
        #expect(numbers(queue.nextBatch(upTo: 9) { _, _ in true }) == [5, 6, 7, 8])
    }

    @Test func capacityBelowOneCountsAsOne() {
        var queue = filled(3, capacity: -5)
        #expect(queue.count == 1 && queue.dropped == 2)
        #expect(numbers(queue.nextBatch(upTo: 9) { _, _ in true }) == [2])
    }

    /// Against a plain model, over many steps of chance.
    @Test func behavesAsItsModel() {
        var random = SystemRandomNumberGenerator()
        var queue = DeliveryQueue(capacity: 50)
        var model: [UInt64] = []
        var batches: [(number: UInt64, readings: [UInt64])] = []
        var next: UInt64 = 0
        for _ in 0..<20_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                queue.append(reading(next))
                model.append(next)
                if model.count > 50 { model.removeFirst() }
                next += 1
            case 6..<8:
                let inFlight = Set(batches.flatMap(\.readings))
                let expected = model.filter { !inFlight.contains($0) }.prefix(7)
                let batch = queue.nextBatch(upTo: 7) { _, _ in true }
                #expect(numbers(batch) == Array(expected))
                if let batch { batches.append((batch.number, batch.readings.map(\.sequence))) }
            case 8:
                guard !batches.isEmpty else { break }
                let batch = batches.removeFirst()
                #expect(queue.acknowledge(batch.number) == batch.readings.count)
                model.removeAll { batch.readings.contains($0) }
            default:
                guard Int.random(in: 0..<20, using: &random) == 0 else { break }
                queue.returnInFlight()
                batches = []
            }
            #expect(queue.count == model.count)
        }
    }

    private func filled(_ count: Int, capacity: Int = 100) -> DeliveryQueue {
        var queue = DeliveryQueue(capacity: capacity)
        for sequence in 0..<count { queue.append(reading(UInt64(sequence))) }
        return queue
    }

    private func reading(_ sequence: UInt64) -> Reading {
        Reading(
            sensor: "s", quantity: .temperature, value: .number(0), wallTime: nil, monotonicTime: 0, bootID: "b",
            sequence: sequence)
    }

    private func numbers(_ batch: (number: UInt64, readings: [Reading])?) -> [Int] {
        batch?.readings.map { Int($0.sequence) } ?? []
    }

    private func numbers(_ batch: (number: UInt64, readings: [Reading])?) -> [UInt64] {
        batch?.readings.map(\.sequence) ?? []
    }
}

internal import Sensors

/// The readings not yet acknowledged, oldest first: those in flight, then those that wait for their turn.
///
/// Bounded: when it is full, the oldest reading makes room for the newest.
struct DeliveryQueue {
    /// Readings sent in one message. Its readings are the first of the queue that no earlier batch covers.
    private struct Batch {
        let number: UInt64
        /// How many of its readings are still in the queue.
        var count: Int
        /// How many had to make room; they may still arrive.
        var overwritten = 0
        var isAcknowledged = false
    }

    let capacity: Int

    /// How many readings had to make room and were never acknowledged.
    private(set) var dropped: UInt64 = 0

    /// How many readings are in flight.
    private(set) var inFlight = 0

    /// Elements before `head` are gone. An array with a moving start instead of a ring of fixed size, because the queue
    /// is nearly empty on most days and should then hold no memory.
    private var readings: [Reading] = []
    private var head = 0
    private var batches: [Batch] = []
    private var lastNumber: UInt64 = 0

    /// - Parameter capacity: the most readings held, at least 1.
    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { readings.count - head }

    var isEmpty: Bool { count == 0 }

    /// Messages in flight.
    var batchCount: Int { batches.count }

    mutating func append(_ reading: Reading) {
        if count == capacity { dropOldest() }
        readings.append(reading)
    }

    /// Puts the next readings that wait into flight.
    /// - Parameters:
    ///   - limit: the most readings, at least 1.
    ///   - canShare: whether two readings can go in the same message.
    /// - Returns: nil when none waits.
    mutating func nextBatch(
        upTo limit: Int, where canShare: (Reading, Reading) -> Bool
    ) -> (number: UInt64, readings: [Reading])? {
        let waiting = readings[(head + inFlight)...]
        guard let first = waiting.first else { return nil }
        let batch = Array(waiting.prefix(max(1, limit)).prefix { canShare(first, $0) })
        lastNumber &+= 1
        batches.append(Batch(number: lastNumber, count: batch.count))
        inFlight += batch.count
        return (lastNumber, batch)
    }

    /// The receiver has the batch. An unknown number, or one already returned, changes nothing.
    /// - Returns: how many readings it acknowledged.
    mutating func acknowledge(_ number: UInt64) -> Int {
        guard let index = batches.firstIndex(where: { $0.number == number && !$0.isAcknowledged }) else { return 0 }
        batches[index].isAcknowledged = true
        let batch = batches[index]
        dropped -= UInt64(batch.overwritten)
        while let first = batches.first, first.isAcknowledged {
            batches.removeFirst()
            inFlight -= first.count
            removeFirst(first.count)
        }
        return batch.count + batch.overwritten
    }

    /// The connection is gone: what was in flight waits again, in its old order.
    mutating func returnInFlight() {
        batches = []
        inFlight = 0
    }

    private mutating func dropOldest() {
        removeFirst(1)
        // Batches that lost all their readings stay: their acknowledgement still says that those arrived.
        guard let index = batches.firstIndex(where: { $0.count > 0 }) else {
            dropped &+= 1
            return
        }
        inFlight -= 1
        batches[index].count -= 1
        if !batches[index].isAcknowledged {
            batches[index].overwritten += 1
            dropped &+= 1
        }
    }

    private mutating func removeFirst(_ count: Int) {
        head += count
        // Moves the rest only once it is no more than what left: constant cost per reading.
        if head >= readings.count - head {
            readings.removeFirst(head)
            head = 0
        }
    }
}

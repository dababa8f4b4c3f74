import Testing

@testable import Publishing

struct DeliveryTests {
    @Test func theCursorFollowsWhatIsAcknowledgedInARow() {
        var delivery = Delivery(cursor: 10)
        let first = delivery.send(11, 20)
        let second = delivery.send(21, 30)
        #expect(delivery.next == 31 && delivery.count == 2 && delivery.cursor == 10)
        #expect(delivery.acknowledge(second) == 21...30)
        #expect(delivery.cursor == 10)
        #expect(delivery.acknowledge(second) == nil)
        #expect(delivery.acknowledge(first) == 11...20)
        #expect(delivery.cursor == 30 && delivery.count == 0)
    }

    @Test func aLostConnectionSendsAllAgain() {
        var delivery = Delivery(cursor: 10)
        let first = delivery.send(11, 20)
        _ = delivery.send(21, 30)
        _ = delivery.reject(first)
        delivery.reset()
        #expect(delivery.next == 11 && delivery.count == 0 && delivery.retry == nil)
        #expect(delivery.acknowledge(first) == nil, "an acknowledgement of the old connection is void")
        #expect(delivery.cursor == 10)
    }

    @Test func aRefusedMessageIsSplitUntilOneReadingIsLeft() {
        var delivery = Delivery(cursor: 0)
        // Number 13 of 64 is one that nobody takes.
        var inFlight = [(delivery.send(1, 64), UInt64(1), UInt64(64))]
        var given: [UInt64] = []
        var sent = 0
        while !inFlight.isEmpty {
            let (number, first, last) = inFlight.removeFirst()
            if first <= 13, last >= 13 {
                if case .reading(let one) = delivery.reject(number) { given.append(one) }
                if delivery.isCondemned(13) { break }
            } else {
                #expect(delivery.acknowledge(number) == first...last)
            }
            while let retry = delivery.retry {
                sent += 1
                inFlight.append((delivery.send(retry.first, retry.last), retry.first, retry.last))
            }
        }
        #expect(given == [13])
        #expect(delivery.cursor == 12 && delivery.next == 65)
        // Two halves each time, and the reading itself twice more.
        #expect(sent == 2 * 6 + 2)
        // Over the next connection it is still a gap, and when nobody wants to hear of that either, nothing.
        delivery.reset()
        #expect(delivery.isCondemned(13) && !delivery.isRefused(13))
        #expect(delivery.acknowledge(delivery.send(13, 13, isGap: true)) == 13...13)
        #expect(delivery.cursor == 13 && !delivery.isCondemned(13))
    }

    @Test func aReadingIsGivenUpOnceAndThenItsGap() {
        var delivery = Delivery(cursor: 0)
        for refusal in 1...3 {
            #expect(delivery.reject(delivery.send(1, 1)) == (refusal == 3 ? .reading(1) : nil))
            #expect(delivery.isRefused(1) == (refusal < 3))
        }
        for refusal in 1...3 {
            #expect(
                delivery.reject(delivery.send(1, 1, isGap: true)) == (refusal == 3 ? .gap(first: 1, last: 1) : nil))
        }
        #expect(delivery.cursor == 1 && delivery.retry == nil && !delivery.isCondemned(1))
    }

    /// While one before it is still open, the next connection must not bring the reading after its gap.
    @Test func aReadingStaysGivenUpUntilTheCursorHasPassedIt() {
        var delivery = Delivery(cursor: 0)
        let other = delivery.send(1, 1)
        for _ in 1...3 { _ = delivery.reject(delivery.send(2, 2)) }
        #expect(delivery.acknowledge(delivery.send(2, 2, isGap: true)) == 2...2)
        #expect(delivery.cursor == 0 && delivery.isCondemned(2))
        delivery.reset()
        #expect(delivery.isCondemned(2))
        _ = delivery.acknowledge(other)
        for number in 1...2 as ClosedRange<UInt64> { _ = delivery.acknowledge(delivery.send(number, number)) }
        #expect(delivery.cursor == 2 && !delivery.isCondemned(2))
        // What was given up before the last start.
        delivery.condemn([2, 7])
        #expect(!delivery.isCondemned(2) && delivery.isCondemned(7))
    }

    @Test func aRefusedGapIsNotSplit() {
        var delivery = Delivery(cursor: 0)
        var number = delivery.send(1, 1 << 40, isGap: true)
        for _ in 1..<Delivery.mostRefusals {
            #expect(delivery.reject(number) == nil)
            #expect(delivery.retry == .init(first: 1, last: 1 << 40) && delivery.cursor == 0)
            number = delivery.send(1, 1 << 40, isGap: true)
        }
        #expect(delivery.reject(number) == .gap(first: 1, last: 1 << 40))
        #expect(delivery.retry == nil && delivery.cursor == 1 << 40 && delivery.next == (1 << 40) + 1)
    }

    @Test func aPartOfARetryLeavesTheRest() {
        var delivery = Delivery(cursor: 0)
        _ = delivery.reject(delivery.send(1, 8))
        #expect(delivery.retry == .init(first: 1, last: 4))
        let part = delivery.send(1, 2)
        #expect(delivery.retry == .init(first: 3, last: 4) && delivery.next == 9)
        _ = delivery.acknowledge(part)
        #expect(delivery.cursor == 2)
    }
}

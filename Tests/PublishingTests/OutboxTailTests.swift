import Sensors
import Testing

@testable import Publishing

struct OutboxTailTests {
    @Test func behavesAsItsModel() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Generator(state: seed)
        var tail = OutboxTail()
        var model: [OutboxEntry] = []
        var next: UInt64 = 1
        for _ in 0..<20_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                let entry: OutboxEntry = .reading(sampleReading(next))
                tail.append(entry)
                model.append(entry)
                next += 1
            case 6:
                let number = UInt64.random(in: 0..<next, using: &random) / 2
                tail.remove(through: number)
                model.removeAll { $0.last <= number }
            case 7:
                guard model.count > 60 else { break }
                let number = tail.dropOldest(.memory, wallTime: nil)
                guard let index = model.firstIndex(where: { if case .reading = $0 { true } else { false } }) else {
                    break
                }
                #expect(number == model[index].first)
                let gap = OutboxGap(first: model[0].first, last: model[index].last, reason: .memory)
                model.replaceSubrange(...index, with: [.gap(gap)])
            case 8:
                tail.shrink(to: 100, through: next / 2)
                while model.count > 100, let first = model.first, first.last <= next / 2 { model.removeFirst() }
            default:
                let number = UInt64.random(in: 0..<next, using: &random)
                #expect(Array(tail.entries(after: number)) == model.filter { $0.last > number }, "seed \(seed)")
                #expect(tail.count(after: number) == model.count { $0.last > number })
            }
            #expect(tail.count == model.count && tail.first == model.first?.first && tail.last == model.last?.last)
        }
    }

    @Test func gapsOfOneReasonAreOne() {
        var tail = OutboxTail()
        tail.append(.gap(OutboxGap(first: 1, last: 2, reason: .mailbox)))
        tail.append(.gap(OutboxGap(first: 3, last: 9, reason: .mailbox)))
        tail.append(.gap(OutboxGap(first: 10, last: 10, reason: .restart)))
        #expect(tail.count == 2 && tail.last == 10)
        tail.append(.reading(sampleReading(11)))
        tail.append(.reading(sampleReading(12)))
        #expect(tail.dropOldest(.memory, wallTime: nil) == 11)
        #expect(Array(tail.entries(after: 0)).first == .gap(OutboxGap(first: 1, last: 11, reason: .several)))
    }
}

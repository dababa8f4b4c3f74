import Supervision
import Testing

@testable import Publishing

struct RetryDelayTests {
    private let backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(1), jitter: 0.5)

    @Test func doublesUpToItsMaximumAndBeginsAnew() {
        var delay = RetryDelay(backoff)
        #expect((0..<6).map { _ in delay.milliseconds(random: 0) } == [100, 200, 400, 800, 1000, 1000])
        delay.reset()
        #expect(delay.milliseconds(random: 0) == 100)
    }

    @Test func chanceTakesOffUpToTheJitter() {
        var delay = RetryDelay(backoff)
        #expect(delay.milliseconds(random: 1) == 50)
        #expect(delay.milliseconds(random: 0.5) == 150)
        var delays = Set<Int>()
        for _ in 0..<50 {
            var delay = RetryDelay(backoff)
            delays.insert(delay.milliseconds())
        }
        #expect(delays.count > 1 && delays.allSatisfy { (50...100).contains($0) })
    }
}

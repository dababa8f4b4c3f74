import Testing

@testable import apus_init

struct AppKeeperTests {
    private let second: Int64 = 1_000_000_000

    @Test func waitsLongerAfterEachFailureUpToHalfAMinute() {
        var keeper = AppKeeper()
        var delays: [Int64] = []
        for _ in 0..<8 {
            keeper.started(at: 0)
            guard case .start(let at) = keeper.ended(at: second) else { break }
            delays.append((at - second) / second)
        }
        #expect(delays == [1, 2, 4, 8, 16, 30, 30, 30])
    }

    @Test func rebootsAfterTheTenthFailureInARow() {
        var keeper = AppKeeper()
        let decisions = (1...10).map { _ in
            keeper.started(at: 0)
            return keeper.ended(at: second)
        }
        #expect(decisions.dropLast().allSatisfy { $0 != .reboot })
        #expect(decisions.last == .reboot)
    }

    @Test func aStableRunForgetsEarlierFailures() {
        var keeper = AppKeeper()
        for _ in 0..<9 {
            keeper.started(at: 0)
            _ = keeper.ended(at: second)
        }
        keeper.started(at: 0)
        #expect(keeper.ended(at: 60 * second) == .start(at: 61 * second))
        #expect(keeper.failures == 1)
    }
}

internal import Threads

/// A test of something that may hang, with a deadline.
struct BusTest: Sendable {
    enum Verdict: String, Sendable {
        case ok
        case failed
        case skipped
    }

    struct Result: Sendable, Equatable {
        let name: String
        let verdict: Verdict
        /// What was found, or what is wrong.
        let remark: String
    }

    /// What it is about, such as "i2c-1".
    let name: String
    /// How long it may take.
    var seconds = BusTests.limit
    /// Returns what was found. May block; throws what is wrong, or ``Skipped``.
    let body: @Sendable () throws -> String

    /// Why a test says nothing.
    struct Skipped: Error {
        let reason: String
    }

    /// Runs it on a thread of its own, which is left behind when the time is over: no call into a driver that hangs can be
    /// taken back.
    func run() -> Result {
        let answer = Answer()
        do {
            let event = try EventDescriptor()
            let thread = try DedicatedThread(name: name) {
                let result = verdict()
                answer.result.withLock { $0 = result }
                event.signal()
            }
            thread.detach()
            if event.wait(milliseconds: seconds * 1000), let result = answer.result.withLock({ $0 }) { return result }
            return Result(name: name, verdict: .failed, remark: "no answer within \(seconds) s; its driver may hang")
        } catch {
            return Result(name: name, verdict: .failed, remark: "it cannot be tested: \(error)")
        }
    }

    private func verdict() -> Result {
        do {
            return Result(name: name, verdict: .ok, remark: try body())
        } catch let skipped as Skipped {
            return Result(name: name, verdict: .skipped, remark: skipped.reason)
        } catch {
            return Result(name: name, verdict: .failed, remark: "\(error)")
        }
    }

    /// What the thread leaves for who waits.
    private final class Answer: Sendable {
        let result = Lock<Result?>(nil)
    }
}

import Glibc
import Supervision

/// A supervisor at work, as an app's outermost one is: its events are told, its intensity is counted.
struct RunningTree {
    /// More restarts than can happen within the shortest period that OTP knows: bookkeeping, but no end of the supervisor.
    static let intensity = Intensity(restarts: 1_000_000, within: .seconds(1))

    private let run: Task<Void, Never>

    /// Returns when all children have started.
    init(_ children: [ChildSpec]) async throws {
        let ready = Handover<Void>()
        let events = EventCounter()
        let last = ChildSpec("ready", restart: .temporary) {
            ready.give(())
            return nil
        }
        let supervisor = try Supervisor(
            "bench", intensity: Self.intensity, children: children + [last], onEvent: { _ in events.count() })
        run = Task {
            do { try await supervisor.run() } catch {
                // Whoever waits for the children would wait for ever.
                fatalError("\(error)")
            }
        }
        await ready.take()
    }

    /// Returns when all children have ended.
    func stop() async {
        run.cancel()
        await run.value
    }
}

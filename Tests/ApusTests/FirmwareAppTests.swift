import Foundation
import Testing

@testable import Apus

/// What an app's process does, seen from outside: each test runs one in a process of its own, which has no
/// /etc/apus/board.conf and so a simulated board.
@Suite(.timeLimit(.minutes(10)))
struct FirmwareAppTests {
    private func lines(_ result: ExitTest.Result?) -> [Substring] {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("apus: ") && !$0.hasPrefix("apus: no /etc/apus/board.conf") }
    }

    @Test(arguments: [SIGTERM, SIGINT]) func aStopSignalStopsTheChildrenInReverseOrder(signal: Int32) async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) { [signal] in
            signalToRaise = signal
            await Obedient.main()
        }
        #expect(
            lines(result) == [
                "apus: app/steady started", "apus: app/trigger started", "apus: stopping on signal \(signal)",
                "apus: app/trigger stopped", "apus: app/steady stopped",
            ])
    }

    @Test func theSecondSignalEndsTheProcessAtOnce() async {
        await #expect(processExitsWith: .signal(SIGTERM)) { await Stubborn.main() }
    }

    @Test func theProcessFailsWhenTheRootSupervisorGivesUp() async {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            await Hopeless.main()
        }
        #expect(
            lines(result).suffix(2) == [
                "apus: app/broken is given up",
                "apus: app/broken needed more than 1 restarts within 5.0 seconds, the last error was: out of luck",
            ])
    }

    @Test func theProcessFailsWhenTheAppHasNoChildrenToGive() async {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            await Unready.main()
        }
        #expect(lines(result) == ["apus: out of luck"])
    }
}

nonisolated(unsafe) private var signalToRaise = SIGTERM  // Written once, before any task of the child process exists.

private struct OutOfLuck: Error, CustomStringConvertible {
    let description = "out of luck"
}

@Sendable private func park() async throws {
    // A mailbox nobody sends to ends its receiver by cancellation alone.
    _ = try await Mailbox<Never>(capacity: 1, overflow: .dropNewest).receive()
}

/// Is told to stop by its last child.
private struct Obedient: FirmwareApp {
    func children(on board: Board) -> [ChildSpec] {
        [
            ChildSpec("steady") { park },
            ChildSpec("trigger") {
                {
                    kill(getpid(), signalToRaise)
                    try await park()
                }
            },
        ]
    }
}

/// Has a child that answers the first signal with another and never ends.
private struct Stubborn: FirmwareApp {
    func children(on board: Board) -> [ChildSpec] {
        [
            ChildSpec("deaf", shutdown: .unlimited) {
                {
                    kill(getpid(), SIGTERM)
                    try? await park()
                    kill(getpid(), SIGTERM)
                    await withCheckedContinuation { (_: CheckedContinuation<Void, Never>) in }
                }
            }
        ]
    }
}

private struct Hopeless: FirmwareApp {
    func children(on board: Board) -> [ChildSpec] {
        [ChildSpec("broken") { { throw OutOfLuck() } }]
    }
}

private struct Unready: FirmwareApp {
    func children(on board: Board) throws -> [ChildSpec] {
        throw OutOfLuck()
    }
}

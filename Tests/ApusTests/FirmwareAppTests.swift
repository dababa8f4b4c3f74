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

    // Two tests: what an exit test captures, not every toolchain can pass to its process.
    @Test func aTerminationStopsTheChildrenInReverseOrder() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            signalToRaise = SIGTERM
            await Obedient.main()
        }
        #expect(lines(result) == Self.orderly(SIGTERM))
    }

    @Test func anInterruptStopsTheChildrenInReverseOrder() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            signalToRaise = SIGINT
            await Obedient.main()
        }
        #expect(lines(result) == Self.orderly(SIGINT))
    }

    private static func orderly(_ signal: Int32) -> [Substring] {
        [
            "apus: app/steady started", "apus: app/trigger started", "apus: stopping on signal \(signal)",
            "apus: app/trigger stopped", "apus: app/steady stopped",
        ]
    }

    @Test func aUserSignalPrintsTheTree() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            await Curious.main()
        }
        let tree = lines(result).filter { !$0.contains("/") && !$0.contains("stopping") }
        #expect(tree.count == 3)
        #expect(tree.first == "apus: app (one-for-one, 0 of 1 restarts)")
        #expect(tree.dropFirst().first?.hasPrefix("apus: ├─ steady running ") == true)
        #expect(tree.last?.hasPrefix("apus: └─ asking running ") == true)
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

/// Asks for its tree, and to be stopped when that was printed.
private struct Curious: FirmwareApp {
    func children(on board: Board) -> [ChildSpec] {
        [
            ChildSpec("steady") { park },
            ChildSpec("asking") {
                let (reader, writer) = try Self.divertedErrors()
                return {
                    kill(getpid(), SIGUSR1)
                    // What is printed passes through here, on a thread of its own, up to the tree's last line.
                    let pump = Thread {
                        var text = ""
                        var buffer = [UInt8](repeating: 0, count: 4096)
                        while !text.contains("└─ asking") || text.last != "\n" {
                            let count = read(reader, &buffer, buffer.count)
                            guard count > 0 else { break }
                            text += String(decoding: buffer[..<count], as: UTF8.self)
                            _ = write(writer, buffer, count)
                        }
                        dup2(writer, STDERR_FILENO)
                        kill(getpid(), SIGTERM)
                    }
                    pump.start()
                    try await park()
                }
            },
        ]
    }

    /// Standard error becomes a pipe. Returns its reading end and the original.
    private static func divertedErrors() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw OutOfLuck() }
        let original = dup(STDERR_FILENO)
        dup2(ends[1], STDERR_FILENO)
        return (ends[0], original)
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

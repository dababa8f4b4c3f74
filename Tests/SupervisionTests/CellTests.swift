import Testing

@testable import Supervision

/// What cells do, seen from outside: each test runs a program whose supervisor has children in cells.
@Suite(.timeLimit(.minutes(10)))
struct CellTests {
    #if arch(arm64)
    private static let trap = "SIGTRAP (trap)"
    #else
    private static let trap = "SIGILL (trap)"
    #endif

    // MARK: Ends

    @Test(arguments: [
        ("trap", "its cell, process N, was ended by \(trap): Index out of range in trap() + N"),
        ("fault", "its cell, process N, was ended by SIGSEGV at address 0x1238 in fault() + N"),
        (
            "overflow",
            "its cell, process N, was ended by SIGSEGV and could say nothing more, as when a stack is exhausted"
        ),
        ("kill", "its cell, process N, was ended by SIGKILL"),
        ("exit 3", "its cell, process N, ended with exit status 3: last words, without an end"),
        ("error", "out of luck"),
        ("cancellation", "CancellationError()"),
        ("garbage", "its cell, process N, was killed because it sent a message that is none"),
        ("long garbage", "its cell, process N, was killed because it sent a message longer than 16384 bytes"),
        ("wrong direction", "its cell, process N, was killed because it sent a message that only its supervisor sends"),
        ("garbage element", "its cell, process N, was killed because it sent an element for no mailbox"),
        ("no such mailbox", "its cell, process N, was killed because it sent an element for no mailbox"),
        ("no element", "its cell, process N, was killed because it sent an element that cannot be decoded"),
        ("long element", "an element of 5000 bytes is longer than 4094 and cannot leave the cell"),
        ("closed control", "its cell, process N, was ended by SIGKILL"),
        ("noise", "its cell, process N, ended with exit status 4: some line of noise, and not the last one"),
    ])
    func aChildThatEndsSoIsRestartedAndItsSiblingIsNot(scenario: String, error: String) async throws {
        let program = try await Program(scenario)
        #expect(
            program.lines == [
                "root/b started", "root/a started", "root/a failed: \(error)", "root/a started again, restart 1",
                "root/a stopped", "root/b stopped",
            ])
        #expect(program.status == 0)
    }

    @Test func aFatalErrorIsReportedWithItsPlaceInTheSources() async throws {
        let program = try await Program("fatalError")
        let line = try #require(program.lines.first { $0.contains("failed") })
        let start = "root/a failed: its cell, process N, was ended by \(Self.trap): out of ideas"
        #expect(line.hasPrefix("\(start) at CellFixture/Scenarios.swift:"))
        #expect(program.errors.first?.hasSuffix("Fatal error: out of ideas") == true)
    }

    @Test func anAbortIsReportedByItsSignal() async throws {
        let program = try await Program("abort")
        let line = try #require(program.lines.first { $0.contains("failed") })
        // Through libc, which keeps no frame pointers, the way back to the program may be lost.
        #expect(line.hasPrefix("root/a failed: its cell, process N, was ended by SIGABRT"))
    }

    @Test(arguments: ["exit 0", "return"]) func aChildThatReturnsHasFinished(scenario: String) async throws {
        let program = try await Program(scenario)
        #expect(program.lines == ["root/a started", "root/a finished"])
    }

    @Test(arguments: [
        ("start error", "not today"),
        (
            "start trap",
            "its cell, process N, was ended by \(trap) before it had started: Index out of range in trap() + N"
        ),
        ("other tree", "the cell finds no child root/a: root has no child a when it is made, only: z"),
        ("no tree", "its cell, process N, came to its end before it had started"),
    ])
    func aStartThatFailsSoFailsAsAnyStart(scenario: String, error: String) async throws {
        let program = try await Program(scenario)
        #expect(
            program.lines == [
                "root/a failed: \(error)", "root/a is given up", "gave up: root/a could not start: \(error)",
            ])
    }

    @Test func aChildMayHaveNothingToRun() async throws {
        let program = try await Program("ignore")
        #expect(program.lines == ["root/a has nothing to run", "root/b started", "root/b stopped"])
    }

    @Test func restartsCountInTheIntensity() async throws {
        let program = try await Program("intensity")
        #expect(
            program.lines == [
                "root/b started", "root/a started", "root/a failed: again", "root/a started again, restart 1",
                "root/a failed: again", "root/a started again, restart 2", "root/a failed: again", "root/a is given up",
                "root/b stopped",
                "gave up: root/a needed more than 2 restarts within 3600.0 seconds, the last error was: again",
            ])
    }

    // MARK: Being stopped

    @Test func aChildIsAskedToStopAndWaitedFor() async throws {
        let program = try await Program("stop")
        #expect(program.lines == ["root/a started", "a says goodbye", "root/a stopped"])
    }

    @Test func aChildThatDoesNotStopIsKilledInsteadOfAbandoned() async throws {
        let program = try await Program("deaf")
        #expect(
            program.lines.suffix(2) == [
                "root/b stopped", "root/a failed: its cell, process N, did not stop in its time and was killed",
            ])
    }

    @Test func aChildThatIsNotWaitedForIsKilledAtOnce() async throws {
        let program = try await Program("kill at once")
        #expect(program.lines.suffix(2) == ["root/b stopped", "root/a stopped"])
    }

    @Test func aStartThatHangsIsKilled() async throws {
        let program = try await Program("hanging start")
        #expect(
            program.lines == [
                "root/a failed: root/a did not start within 0.05 seconds",
                "root/a failed: its cell, process N, did not stop in its time and was killed before it had started",
                "root/a is given up", "gave up: root/a could not start: root/a did not start within 0.05 seconds",
            ])
    }

    @Test func aChildThatStartsAlthoughCancelledIsWaitedFor() async throws {
        let program = try await Program("cancelled start")
        #expect(
            program.lines == [
                "root/a failed: root/a did not start within 0.05 seconds", "a says goodbye", "root/a stopped",
                "root/a is given up", "gave up: root/a could not start: root/a did not start within 0.05 seconds",
            ])
    }

    // MARK: Signs of life

    @Test func aChildThatHangsIsKilledAndRestarted() async throws {
        let program = try await Program("silent")
        #expect(
            program.lines == [
                "root/a started", "root/a failed: root/a gave no sign of life for 0.1 seconds",
                "root/a failed: its cell, process N, did not stop in its time and was killed",
                "root/a started again, restart 1", "root/a stopped",
            ])
    }

    @Test func checkInsCross() async throws {
        let program = try await Program("alive")
        #expect(program.lines == ["root/a started", "root/a finished"])
    }

    // MARK: Limits

    @Test(arguments: [
        ("cpu", "its cell, process N, used up the 1 s of processor time it may have"),
        ("files", "Too many open files"),
    ])
    func aLimitEndsTheChildAndIsNamed(scenario: String, error: String) async throws {
        let program = try await Program(scenario)
        #expect(program.lines.count == 4)
        #expect(program.lines.dropFirst().first?.hasPrefix("root/a failed: \(error)") == true)
        #expect(program.lines.suffix(2) == ["root/a started again, restart 1", "root/a stopped"])
    }

    /// Thread Sanitizer needs more memory than anybody would grant.
    @Test(.disabled(if: Program.isUnderThreadSanitizer)) func theLimitOfMemoryEndsTheChildAndIsNamed() async throws {
        let program = try await Program("memory")
        #expect(program.lines.count == 4)
        let start = "root/a failed: its cell, process N, needed more than the 314572800 bytes of memory it may have: "
        #expect(program.lines.dropFirst().first?.hasPrefix(start + "failed to allocate ") == true)
        #expect(program.lines.suffix(2) == ["root/a started again, restart 1", "root/a stopped"])
    }

    // MARK: The process

    @Test func onlyTheDescriptorsOfACellReachIt() async throws {
        let program = try await Program("descriptors")
        #expect(program.linesOfCell == ["0 /dev/null", "1 pipe", "2 pipe", "3 socket", "4 socket"])
    }

    @Test func aCellDiesWithTheProcessThatStartedIt() async throws {
        // Comes to its end only when no cell holds its output any more.
        let program = try await Program("orphan") { line, kill in
            if line == "root/a started" { kill() }
        }
        #expect(program.lines == ["root/a started"])
        #expect(program.status == 9)
    }

    @Test func aCellHasItsOwnGroupAndAllSignals() async throws {
        let program = try await Program("own group")
        #expect(program.linesOfCell == ["own group: true, signals blocked: 0"])
    }

    @Test func aProgramThatACellStartsIsNoCell() async throws {
        let program = try await Program("program of a cell")
        #expect(program.linesOfCell == ["a program of its own", "it ended with 0"])
    }

    @Test func aHundredRestartsLeakNothing() async throws {
        let program = try await Program("leaks")
        #expect(program.linesOfCell == ["descriptors leaked: 0, zombies: false"])
        #expect(program.lines.contains { $0.hasPrefix("root/a started again, restart 99") })
    }

    @Test func whatACellLeavesIsClearedAfterItsEndAndBeforeItsRestart() async throws {
        let program = try await Program("leftovers")
        #expect(
            program.lines.filter { $0 != "root/a started" } == [
                "process N is gone: true", "root/a failed: its cell, process N, was ended by SIGKILL",
                "root/a started again, restart 1", "process N is gone: true", "root/a stopped",
            ])
    }

    // MARK: The tree

    @Test func aSubtreeRunsInOneCellAndIsRestartedAsAWhole() async throws {
        let program = try await Program("subtree")
        #expect(program.lines.contains("root/inner started"))
        // It goes on while the cell tells that it has started.
        #expect(
            program.lines.filter { $0 != "root/inner started" } == [
                "root/b started", "root/inner/first started", "root/inner/second started",
                "root/inner/second failed: the inner supervisor's business",
                "root/inner/second started again, restart 1",
                "root/inner failed: its cell, process N, was ended by \(Self.trap): Index out of range in trap() + N",
                "root/inner/first started", "root/inner/second started", "root/inner started again, restart 1",
                "root/inner/second stopped", "root/inner/first stopped", "root/inner stopped", "root/b stopped",
            ])
    }

    @Test func aCellMayHaveCells() async throws {
        let program = try await Program("cell in a cell")
        let crash = "its cell, process N, was ended by \(Self.trap): Index out of range in trap() + N"
        // The leaf may trap before its supervisor has told that it has started.
        let (leaf, inner) = (
            program.lines.filter { $0.hasPrefix("root/inner/leaf ") },
            program.lines.filter { $0.hasPrefix("root/inner ") }
        )
        #expect(
            leaf == [
                "root/inner/leaf started", "root/inner/leaf failed: \(crash)",
                "root/inner/leaf started again, restart 1", "root/inner/leaf failed: \(crash)",
                "root/inner/leaf is given up", "root/inner/leaf started", "root/inner/leaf stopped",
            ])
        #expect(
            inner == [
                "root/inner started",
                "root/inner failed: root/inner/leaf needed more than 1 restarts within 5.0 seconds, "
                    + "the last error was: \(crash)",
                "root/inner started again, restart 1", "root/inner stopped",
            ])
    }

    // MARK: Mailboxes

    @Test func elementsArriveInOrderAndASlowReaderSlowsTheCell() async throws {
        let program = try await Program("elements")
        #expect(
            program.lines == [
                "root/a started", "root/reader started", "4901 elements, in order: true, at most 8 waited",
                "root/reader finished", "root/a stopped",
            ])
    }

    @Test func whatWasSentBeforeACrashArrives() async throws {
        let program = try await Program("last elements")
        #expect(program.lines.contains("in order: true, complete but for what was under way: true"))
    }
}

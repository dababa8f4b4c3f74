import Foundation
import Testing

@testable import Supervision

/// What cells send, and what could come from one that is broken.
struct CellProtocolTests {
    private static let messages: [CellMessage] = [
        .order(path: ["app", "", "ä/b"], memoryLimit: 1 << 40), .stop, .started, .ignored, .alive, .finished,
        .cancelled,
        .failed("out of luck"), .unknownChild("there is none"),
        .event(SupervisorEvent(supervisors: ["app", "inner"], id: "a", kind: .started(restarts: 3))),
        .event(SupervisorEvent(supervisors: ["app"], id: "a", kind: .restarting(in: .milliseconds(1500)))),
        .event(SupervisorEvent(supervisors: ["app"], id: "a", kind: .failed(Failure("out of luck")))),
        .event(SupervisorEvent(supervisors: ["app"], id: "a", kind: .abandoned(total: 2))),
        .event(SupervisorEvent(supervisors: ["app"], id: "a", kind: .ignored)),
        .event(SupervisorEvent(supervisors: ["app"], id: "a", kind: .finished)),
        .event(SupervisorEvent(supervisors: ["app"], id: "a", kind: .stopped)),
        .event(SupervisorEvent(supervisors: ["app"], id: "a", kind: .gaveUp)),
    ]

    @Test func messagesArriveAsTheyWere() throws {
        for message in Self.messages {
            let bytes = try #require(message.bytes)
            let arrived = try CellMessage(bytes)
            if case .event(let event) = message {
                guard case .event(let other) = arrived else {
                    Issue.record("\(arrived)")
                    continue
                }
                #expect(other.description == event.description)
            } else {
                #expect("\(arrived)" == "\(message)")
            }
        }
    }

    @Test func truncatedAndDamagedMessagesAreErrors() throws {
        for message in Self.messages {
            let bytes = try #require(message.bytes)
            for length in bytes.indices {
                #expect(throws: ByteReader.Failure.self) { try CellMessage(Array(bytes.prefix(length))) }
            }
            #expect(throws: ByteReader.Failure.self) { try CellMessage(bytes + [0]) }
            // Damage may leave another message, and must not trap.
            for index in bytes.indices {
                for bit in 0..<8 {
                    var damaged = bytes
                    damaged[index] ^= 1 << bit
                    _ = try? CellMessage(damaged)
                }
            }
        }
    }

    @Test func randomBytesNeverTrap() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<10_000 {
            let bytes = (0..<Int.random(in: 0..<250)).map { index in
                index == 0 ? UInt8.random(in: 0...14, using: &random) : UInt8.random(in: .min ... .max, using: &random)
            }
            _ = try? CellMessage(bytes)
            _ = CellOutlet.take(apart: bytes)
            _ = CellBacktrace([0x1000, .max], maps: bytes).frames
        }
    }

    @Test func aLongErrorIsCut() throws {
        let message = CellMessage.failed(String(repeating: "ä", count: 100_000))
        let bytes = try #require(message.bytes)
        #expect(bytes.count < CellMessage.maximumLength)
        guard case .failed(let text) = try CellMessage(bytes) else {
            Issue.record("no failure")
            return
        }
        #expect(text.hasPrefix("ääää"))
    }

    @Test func aPathThatIsTooLongIsNotSent() {
        let message = CellMessage.order(path: [String(repeating: "x", count: 20_000)], memoryLimit: 0)
        #expect(message.bytes == nil)
    }

    @Test func standardErrorIsCutIntoLinesAndTheLastAreKept() {
        var output = CellErrorOutput()
        #expect(output.append("a\nb".utf8) == Array("a\n".utf8))
        #expect(output.append("c\n".utf8) == Array("bc\n".utf8))
        #expect(output.append(String(repeating: "x", count: 1500).utf8).count == 1025)
        #expect(output.finish().count == 477)
        #expect(output.finish().isEmpty)
        #expect(output.lines.map(\.utf8.count) == [1, 2, 1024, 476])
        _ = output.append(String(repeating: "line\n", count: 100).utf8)
        #expect(output.lines.count == CellErrorOutput.keptLines)
        #expect(output.fatalError == nil)
        _ = output.append("main/main.swift:3: Fatal error: oh\nCurrent stack trace:\n".utf8)
        #expect(output.fatalError == "main/main.swift:3: Fatal error: oh")
    }

    @Test func aFileWithoutSymbolsHasNoFunctions() {
        #expect(SymbolTable.functions(at: [0], in: "/proc/self/exe")[0] == nil)
        #expect(SymbolTable.functions(at: [4096], in: "/etc/passwd")[0] == nil)
        #expect(SymbolTable.functions(at: [4096], in: "/nowhere")[0] == nil)
    }

    /// As if it had crashed here.
    private func backtrace() throws -> CellBacktrace {
        let maps = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "/proc/self/maps")))
        return CellBacktrace(Thread.callStackReturnAddresses.map(\.uint64Value), maps: maps)
    }

    @Test func aPlaceHasAFunction() throws {
        let frame = try #require(try backtrace().ownFrame)
        #expect(frame.function?.name.contains("CellProtocolTests.backtrace()") == true)
    }

    @Test(.enabled(if: ["llvm-symbolizer", "addr2line"].contains { access("/usr/bin/\($0)", X_OK) == 0 }))
    func aPlaceHasALine() async throws {
        let location = try #require(try await backtrace().sourceLocation)
        #expect(location.contains("/SupervisionTests/CellProtocolTests.swift:"))
    }

    @Test(arguments: [
        ("trap\n/a/b.swift:42:7\n", "/a/b.swift:42"),
        ("subscript\n/<compiler-generated>:0:0\ntrap\n/a/b.swift:42:7\n", "/a/b.swift:42"),
        ("trap\n/a/b.swift:42 (discriminator 2)\n", "/a/b.swift:42"),
        ("??\n??:0:0\n", nil), ("", nil), (":::\n", nil), ("f\n/a/b.swift:?\n", nil),
    ])
    func theFirstLineThatIsKnownIsThePlace(output: String, location: String?) {
        #expect(Symbolizer.location(in: output) == location)
    }

    @Test func checkInsArePassedOnTenTimesWithinTheDeadlineAtMost() {
        let told = Recorder()
        let relay = CheckInRelay(liveness: .seconds(1)) { told.note("alive") }
        for milliseconds in 0...1000 { relay.checkIn(at: .milliseconds(milliseconds)) }
        #expect(told.entries.count == 10)
    }
}

/// What a supervisor refuses.
struct CellSpecTests {
    @Test(arguments: [
        (CellOptions(memory: 0), "its cell's memory limit is not more than zero"),
        (CellOptions(cpuSeconds: -1), "its cell's limit of processor time is not more than zero"),
        (CellOptions(openFiles: 0), "its cell's limit of open files is not more than zero"),
    ])
    func aLimitOfNothingIsRefused(options: CellOptions, reason: String) throws {
        let spec = ChildSpec("a", isolation: .process(options)) { park }
        let error = #expect(throws: SupervisionError.self) { _ = try Supervisor("root", children: [spec]) }
        #expect(error?.description == "supervisor root refuses the child a: \(reason)")
    }

    @Test func aChildAddedAtRunTimeCannotBeInACell() async throws {
        let log = Recorder()
        let supervisor = try Supervisor("root", children: [steady("a")], onEvent: log.note)
        let task = Task { try await supervisor.run() }
        _ = await log.first(1)
        let spec = ChildSpec("b", isolation: .process) { park }
        let expected =
            "supervisor root refuses the child b: only a child that its supervisor was made with can run in a cell"
        let error = await #expect(throws: SupervisionError.self) { try await supervisor.startChild(spec) }
        #expect(error?.description == expected)
        let other = await #expect(throws: SupervisionError.self) { try await supervisor.reconfigure(children: [spec]) }
        #expect(other?.description == expected)
        #expect(await supervisor.childCounts().specs == 1)
        task.cancel()
        try await task.value
    }
}

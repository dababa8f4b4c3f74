import BootState
import Bundle
import Card
import Foundation
import JSON
import ScriptedServer
import Testing

@testable import HTTP
@testable import Updating

/// The device's command on images of cards, run as a program.
struct ApusCommandTests {
    private static func old() async throws -> TestFirmware { try await TestFirmware(version: "1.0", root: [1, 2, 0]) }
    private static func new() async throws -> TestFirmware { try await TestFirmware(version: "1.1", root: [1, 3, 0]) }

    private static func nickname(_ firmware: TestFirmware) -> String { "\(Nickname(of: firmware.head.manifest.id))" }

    // MARK: - Help and usage

    @Test func helpsWhereverItIsAsked() throws {
        let overview = try ApusRun("--help")
        #expect(overview.status == 0)
        #expect(overview.errors == "")
        #expect(
            overview.output.hasPrefix(
                "apus: update the firmware of this device, safely, see to its readings and its hardware.\n"))
        for arguments in ["-h", "help"] { #expect(try ApusRun(arguments).output == overview.output) }
        for command in ["update", "slots", "confirm", "rollback", "factory-reset", "outbox"] {
            let help = try ApusRun(command, "--card", "/nonexistent", "--help")
            #expect(help.status == 0)
            #expect(help.output.hasPrefix("apus \(command): "))
            #expect(help.errors == "")
        }
    }

    @Test func wrongUsageIsSaidInOneLine() throws {
        let nothing = try ApusRun()
        #expect(nothing.status == 2)
        #expect(nothing.output.contains("USAGE: apus COMMAND"))
        let unknown = try ApusRun("upgrade\u{1B}")
        #expect(unknown.status == 2)
        #expect(unknown.errors == "error: there is no command upgrade?; see apus --help\n")
        let option = try ApusRun("slots", "--jsno")
        #expect(option.status == 2)
        #expect(option.output == "")
        #expect(option.errors == "error: there is no option --jsno; see apus slots --help\n")
        let count = try ApusRun("gpio", "info", "--count", "3")
        #expect(count.status == 2)
        #expect(count.errors == "error: --count needs --follow; see apus gpio info --help\n")
        let follow = try ApusRun("gpio", "info", "--follow")
        #expect(follow.status == 2)
        #expect(follow.errors.hasPrefix("error: --follow needs lines, all of one chip; "))
        for address in ["0x07", "0x78"] {
            let reserved = try ApusRun("i2c", "read", "i2c-1", address)
            #expect(reserved.status == 2)
            #expect(reserved.errors.hasPrefix("error: \(address) is no ADDRESS, which is a number from 8 to 119; "))
        }
    }

    // MARK: - Slots

    @Test func showsBothSlots() async throws {
        let (old, new) = (try await Self.old(), try await Self.new())
        let fresh = try CardFile(TestCard(a: old))
        let shown = try ApusRun("slots", "--card", fresh.path)
        #expect(shown.status == 0)
        #expect(
            shown.output == """
                slot a: test 1.0 (\(Self.nickname(old))) for test; running, confirmed
                slot b: unknown content; must not be started

                """)
        #expect(shown.errors == "")

        let failed = try BootState.initial.startTrial(of: .b).rollBack(.app).beginUpdate(of: .b, running: .a)
        let tried = try CardFile(TestCard(a: old, b: new.installed, state: failed.startTrial(of: .b)))
        #expect(
            try ApusRun("slots", "--card", tried.path, "--running=b").output == """
                slot a: test 1.0 (\(Self.nickname(old))) for test; confirmed
                slot b: test 1.1 (\(Self.nickname(new))) for test; running, on trial, 3 failures and 15 starts left
                last given up: slot b has an app that ended again and again

                """)
        #expect(try tried.bytes == TestCard(a: old, b: new.installed, state: failed.startTrial(of: .b)).bytes)
    }

    @Test func showsACardWithoutState() async throws {
        let card = try await TestCard(a: Self.old())
        for offset in BootState.copyOffsets { card.bytes[offset] ^= 1 }
        let file = try CardFile(card)
        let run = try ApusRun("slots", "--card", file.path)
        #expect(run.status == 0)
        #expect(run.output.hasSuffix("the boot state cannot be read; slot a boots, or else slot b\n"))
    }

    @Test func showsBothSlotsToPrograms() async throws {
        let (old, new) = (try await Self.old(), try await Self.new())
        let state = try BootState.initial.startTrial(of: .b).rollBack(.health)
        let file = try CardFile(TestCard(a: old, b: new.installed, state: state))
        func slot(_ firmware: TestFirmware) -> JSON {
            let manifest = firmware.head.manifest
            return [
                "product": "test", "version": .string(manifest.version), "board": "test", "id": .string(manifest.id),
                "nickname": .string(Self.nickname(firmware)),
            ]
        }
        func json(_ run: ApusRun) throws -> JSON {
            #expect(run.status == 0)
            return try JSON(parsing: Array(run.output.utf8))
        }
        #expect(
            try json(ApusRun("slots", "--json", "--card", file.path)) == [
                "running": "a", "confirmed": "a", "trial": nil, "bad": "b",
                "lastFailure": ["slot": "b", "reason": "health"], "slots": ["a": slot(old), "b": slot(new)],
            ])
        let trial = try BootState.initial.startTrial(of: .b)
        let tried = try CardFile(TestCard(a: old, b: [], state: trial))
        #expect(
            try json(ApusRun("slots", "--json", "--card", tried.path, "--running", "b")) == [
                "running": "b", "confirmed": "a", "trial": ["slot": "b", "failuresLeft": 3, "startsLeft": 15],
                "bad": nil, "lastFailure": nil, "slots": ["a": slot(old), "b": nil],
            ])
        let broken = try TestCard(a: old)
        for offset in BootState.copyOffsets { broken.bytes[offset] ^= 1 }
        let stateless = try CardFile(broken)
        let unknown = try json(ApusRun("slots", "--json", "--card", stateless.path))
        #expect(unknown.objectValue?["confirmed"] == .null)
    }

    // MARK: - Confirm and roll back

    @Test func confirmsATrial() async throws {
        let old = try await Self.old()
        let file = try CardFile(TestCard(a: old, b: old.installed, state: BootState.initial.startTrial(of: .b)))
        let wrong = try ApusRun("confirm", "--card", file.path)
        #expect(wrong.status == UpdateExitCode.bootState.rawValue)
        #expect(wrong.errors.hasPrefix("error: slot a is not on trial; there is nothing to confirm"))
        let run = try ApusRun("confirm", "--card", file.path, "--running", "b")
        #expect(run.status == 0)
        #expect(run.output == "slot b is confirmed\n")
        let state = try #require(try file.card.state)
        #expect(state.active == .b)
        #expect(state.trial == nil)
    }

    @Test func rollsBackAndForth() async throws {
        let old = try await Self.old()
        let file = try CardFile(TestCard(a: old, b: old.installed, state: BootState.initial.startTrial(of: .b)))
        let back = try ApusRun("rollback", "--card", file.path)
        #expect(back.status == 0)
        #expect(back.output == "slot a boots at the next restart\n")
        #expect(try file.card.state?.lastFailure == BootState.Failure(of: .b, .user))
        // Slot b is bad now.
        let none = try ApusRun("rollback", "--card", file.path)
        #expect(none.status == UpdateExitCode.bootState.rawValue)
        #expect(none.output == "")

        let confirmed = try BootState.initial.startTrial(of: .b).confirm(running: .b)
        let other = try CardFile(TestCard(a: old, b: old.installed, state: confirmed))
        let forth = try ApusRun("rollback", "--card", other.path)
        #expect(forth.output == "slot a boots at the next restart, on trial\n")
        #expect(try other.card.state?.trial == BootState.Trial(of: .a))
    }

    // MARK: - Factory reset

    @Test func asksBeforeAFactoryReset() async throws {
        let file = try await CardFile(TestCard(a: Self.old()))
        let before = try file.bytes
        for answer in ["", "n\n", "yeah\n", "\n"] {
            let run = try ApusRun("factory-reset", "--card", file.path, input: Array(answer.utf8))
            #expect(run.status == 0)
            #expect(run.output == "nothing was changed\n")
            #expect(run.errors == "All data under /data of \(file.path) will be lost. Go on? [y/N] ")
            #expect(try file.bytes == before)
        }
        for (arguments, answer) in [([], "Y\n"), ([], "yes\n"), (["--yes"], "")] as [([String], String)] {
            try file.scratch.write(before, "card")
            let run = try ApusRun(
                [ApusRun.program, "factory-reset", "--card", file.path] + arguments, input: Array(answer.utf8),
                environment: [:])
            #expect(run.status == 0)
            #expect(run.output == "the next start from \(file.path) empties its data partition\n")
            #expect(try FactoryReset(file.card).isRequested())
        }
        // Any other disk is left alone.
        let other = try file.scratch.write([UInt8](repeating: 7, count: 1 << 18), "other")
        let refused = try ApusRun("factory-reset", "--yes", "--card", other)
        #expect(refused.status == UpdateExitCode.card.rawValue)
        #expect(try file.scratch.bytes("other") == [UInt8](repeating: 7, count: 1 << 18))
    }

    // MARK: - Update

    private func expectInstalled(
        _ new: TestFirmware, _ file: CardFile, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let card = try file.card
        #expect(card.state?.trial == BootState.Trial(of: .b), sourceLocation: sourceLocation)
        #expect(
            Array(card.bytes[TestCard.slotB].prefix(new.installed.count)) == new.installed,
            sourceLocation: sourceLocation)
    }

    @Test func updatesFromAFile() async throws {
        let (old, new) = (try await Self.old(), try await Self.new())
        let file = try CardFile(TestCard(a: old))
        let run = try ApusRun("update", file.bundle(new), "--card", file.path, "--trust", file.key)
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("slot b holds test 1.1 (\(Self.nickname(new))): "))
        #expect(run.output.hasSuffix(" written; it boots at the next restart, on trial\n"))
        let lines = run.errors.split(separator: "\n").map(String.init)
        #expect(lines.first == "installing test 1.1 (\(Self.nickname(new))) into slot b over 1.0")
        #expect(lines.dropFirst().first?.contains(" there already, ") == true)
        // Each tenth once at most, in order, the last one at the end.
        let tenths = lines.compactMap { line in line.contains(" %, ") ? Int(line.prefix { $0 != " " }) : nil }
        #expect(tenths.last == 100)
        #expect(tenths == Set(tenths).sorted())
        #expect(tenths.allSatisfy { $0 % 10 == 0 })
        #expect(lines.last == "reading back what was written")
        #expect(!run.errors.contains("\r"))
        try expectInstalled(new, file)
    }

    @Test func updatesFromAPipe() async throws {
        let (old, new) = (try await Self.old(), try await Self.new())
        let file = try CardFile(TestCard(a: old))
        let run = try ApusRun("update", "-", "--card", file.path, "--trust", file.key, input: new.bundle)
        #expect(run.status == 0)
        try expectInstalled(new, file)
    }

    @Test func updatesThroughTheEnvironmentsProxy() async throws {
        let (old, new) = (try await Self.old(), try await Self.new())
        let file = try CardFile(TestCard(a: old))
        let bundle = new.bundle
        let proxy = try ScriptedServer { request in
            request.text.hasPrefix("GET http://device.invalid/b.apus HTTP/1.1\r\n")
                ? .keep(ScriptedServer.Reply.file(bundle, request))
                : .close(ScriptedServer.Reply.answer("400 Bad Request"))
        }
        let run = try ApusRun(
            "update", "http://device.invalid/b.apus", "--card", file.path, "--trust", file.key, "--rate-limit=1M",
            environment: ["http_proxy": "127.0.0.1:\(proxy.port)"])
        #expect(run.status == 0, "\(run.errors)")
        try expectInstalled(new, file)
    }

    @Test func tellsProgramsHowItGoesOn() async throws {
        let (old, new) = (try await Self.old(), try await Self.new())
        let file = try CardFile(TestCard(a: old))
        let bundle = try file.bundle(new)
        let run = try ApusRun("update", bundle, "--card", file.path, "--trust=\(file.key)", "--json")
        #expect(run.status == 0)
        #expect(run.errors == "")
        let events = try run.output.split(separator: "\n").map {
            try #require(JSON(parsing: Array($0.utf8)).objectValue)
        }
        let names = events.map { $0["event"]?.stringValue }
        #expect(names.first == "accepted")
        #expect(names.dropFirst().first == "planned")
        #expect(names.last == "done")
        #expect(names.dropFirst(2).dropLast().allSatisfy { $0 == "progress" || $0 == "verifying" })
        let manifest = new.head.manifest
        #expect(
            JSON.object(try #require(events.first)) == [
                "event": "accepted", "product": "test", "version": "1.1", "id": .string(manifest.id),
                "nickname": .string(Self.nickname(new)), "slot": "b", "running": "1.0",
            ])
        let plan = events[1]
        let parts = ["inPlace", "copied", "zero", "fetched"].compactMap { plan[$0]?.integerValue }
        #expect(parts.count == 4)
        #expect(parts.reduce(0, +) == Int64(new.slot.count))
        #expect(plan["size"]?.integerValue == Int64(new.slot.count))
        let progress = events.filter { $0["event"] == "progress" }
        #expect(progress.last?["done"] == progress.last?["total"])
        let done = try #require(events.last)
        #expect(done["outcome"] == "installed")
        #expect(done["id"] == .string(manifest.id))
        #expect(done["slot"] == "b")
        #expect((1...Int64(bundle.utf8.count + new.bundle.count)).contains(try #require(done["fetched"]?.integerValue)))

        // What runs already is no error.
        let again = try CardFile(TestCard(a: old))
        let before = try again.bytes
        let same = try ApusRun("update", again.bundle(old), "--card", again.path, "--trust", again.key, "--json")
        #expect(same.status == 0)
        #expect(same.output.contains("\"outcome\":\"already-installed\""))
        let words = try ApusRun("update", again.bundle(old), "--card", again.path, "--trust", again.key)
        #expect(words.output == "test 1.0 (\(Self.nickname(old))) is what runs already; nothing was done\n")
        #expect(try again.bytes == before)
    }

    @Test func drawsABarOnATerminal() async throws {
        let (old, new) = (try await Self.old(), try await Self.new())
        let file = try CardFile(TestCard(a: old))
        let run = try ApusRun.onTerminal("update", file.bundle(new), "--card", file.path, "--trust", file.key)
        #expect(run.status == 0)
        // The terminal makes CR LF of each line's end.
        let lines = run.terminal.components(separatedBy: "\r\n")
        #expect(lines.count == 5)
        #expect(lines.first?.hasPrefix("installing test 1.1") == true)
        // All its states in one line, which ends before the next one begins.
        let bars = lines[2].components(separatedBy: "\r")
        #expect(bars.first == "")
        #expect(bars.count > 2)
        for bar in bars.dropFirst() {
            let percent = try #require(bar.components(separatedBy: "] ").last.flatMap { Int($0.prefix { $0 != " " }) })
            let filled = percent * 30 / 100
            let drawn = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
            #expect(bar.hasPrefix("[\(drawn)] \(percent) %  "))
            #expect(bar.hasSuffix(" fetched  "))
        }
        #expect(bars.last?.contains("[##############################] 100 %") == true)
        #expect(lines[3] == "reading back what was written")

        // An error begins a line of its own.
        var damaged = new.bundle
        damaged[new.head.chunks.of(payload: 0)[1].storedOffset + 10] ^= 1
        let other = try CardFile(TestCard(a: old))
        let path = try other.scratch.write(damaged, "damaged.apus")
        let failed = try ApusRun.onTerminal("update", path, "--card", other.path, "--trust", other.key)
        #expect(failed.status == UpdateExitCode.damaged.rawValue)
        let last = failed.terminal.components(separatedBy: "\r\n").dropLast().last
        #expect(last?.hasPrefix("error: ") == true, "\(failed.terminal.debugDescription)")
    }

    // MARK: - Exit codes

    private enum Source {
        case bundle([UInt8])
        case path(String)
        case server(@Sendable (ScriptedServer.Request) -> ScriptedServer.Reply)
    }

    /// One run of `apus update` that must not come to its end.
    private func expect(
        _ code: Int32, _ fact: String, _ card: TestCard, _ source: Source, _ options: [String] = [],
        writes: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let file = try CardFile(card)
        let place: String
        switch source {
        case .bundle(let bytes): place = try file.scratch.write(bytes, "b.apus")
        case .path(let path): place = path
        case .server(let handler): place = "http://127.0.0.1:\(try ScriptedServer(handler).port)/b.apus"
        }
        let run = try ApusRun(
            [ApusRun.program, "update", place, "--card", file.path, "--trust", file.key] + options, input: [],
            environment: [:])
        #expect(run.status == code, "\(run.errors)", sourceLocation: sourceLocation)
        #expect(run.output == "", sourceLocation: sourceLocation)
        let errors = run.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
        #expect(errors.count == 1, "\(run.errors)", sourceLocation: sourceLocation)
        #expect(run.errors.hasSuffix("\(errors.last ?? "")\n"), sourceLocation: sourceLocation)
        #expect(errors.last?.contains(fact) == true, "\(run.errors)", sourceLocation: sourceLocation)
        if writes {
            #expect(try file.card.state?.trial == nil, sourceLocation: sourceLocation)
            #expect(try file.card.bytes[TestCard.slotA] == card.bytes[TestCard.slotA], sourceLocation: sourceLocation)
        } else {
            #expect(run.errors.split(separator: "\n").count == 1, sourceLocation: sourceLocation)
            #expect(try file.bytes == card.bytes, sourceLocation: sourceLocation)
        }
    }

    /// What docs/updates.md says of each code, whether anything is written included.
    @Test func eachRefusalHasItsCode() async throws {
        let (old, new) = (try await Self.old(), try await Self.new())
        func card() throws -> TestCard { try TestCard(a: old) }
        func other(_ version: String = "1.1", minimum: Manifest.Minimum = .init()) async throws -> TestFirmware {
            try await TestFirmware(version: version, root: [7], minimum: minimum)
        }
        try expect(1, "cannot read the key /nonexistent", card(), .bundle(new.bundle), ["--trust", "/nonexistent"])
        try expect(2, "--rate-limit is a number", card(), .bundle(new.bundle), ["--rate-limit", "fast"])
        try expect(10, "not", card(), .bundle([UInt8](repeating: 7, count: 5000)))
        try expect(11, "cut off after \(new.bundle.count - 1) bytes", card(), .bundle(new.bundle.dropLast()))
        try expect(11, "more bytes follow", card(), .bundle(new.bundle + [0]))
        let stranger = try await TestFirmware(version: "1.1", root: [7], signedBy: [SigningKey()])
        try expect(12, "no trusted key", card(), .bundle(stranger.bundle))
        var damaged = new.bundle
        damaged[new.head.chunks.of(payload: 0)[1].storedOffset + 10] ^= 1
        try expect(13, "of the bundle is damaged", card(), .bundle(damaged), writes: true)
        let foreign = try await TestFirmware(version: "1.1", root: [7], board: "other")
        try expect(14, "the bundle is for the board other, this is test", card(), .bundle(foreign.bundle))
        try await expect(15, "older than the running 1.0", card(), .bundle(other("0.9").bundle))
        let large = try await TestFirmware(version: "1.1", root: Array(1...20))
        try expect(16, "the slots of this card have \(TestCard.slotSize)", card(), .bundle(large.bundle))
        try expect(17, "slot b is not confirmed yet", card(), .bundle(new.bundle), ["--running", "b"])
        let tried = try TestCard(a: old, b: old.installed, state: BootState.initial.startTrial(of: .b))
        try expect(18, "waits for its first start", tried, .bundle(new.bundle))
        try expect(20, "/nonexistent.apus cannot be read", card(), .path("/nonexistent.apus"))
        let bundle = new.bundle
        try expect(
            21, "was replaced by another file", card(),
            .server { request in
                .keep(ScriptedServer.Reply.file(bundle, tag: request.number == 0 ? "\"1\"" : "\"2\"", request))
            }, writes: true)
        try expect(22, "404", card(), .server { _ in .close(ScriptedServer.Reply.answer("404 Not Found")) })
        try expect(22, "the URL is not valid", card(), .path("http:///b.apus"))
        try await expect(25, "over version 2", card(), .bundle(other("3", minimum: .init(version: "2")).bundle))
        let plain = TestCard([UInt8](repeating: 7, count: 1 << 20))
        try expect(23, "is not an Apus card", plain, .bundle(new.bundle))
        let missing = try ApusRun("slots", "--card", "/nonexistent")
        #expect(missing.status == 23)
        #expect(
            missing.errors
                == "error: cannot open /nonexistent: No such file or directory; check the name; it needs root's rights\n"
        )
    }

    @Test func aSecondUpdateIsRefused() async throws {
        let file = try await CardFile(TestCard(a: Self.old()))
        let before = try file.bytes
        let lock = try UpdateLock(file.path)
        for command in [["update", "x"], ["confirm"], ["rollback"], ["factory-reset", "--yes"]] {
            let run = try ApusRun([ApusRun.program] + command + ["--card", file.path], input: [], environment: [:])
            #expect(run.status == 19)
            #expect(run.errors == "error: another update is running; wait for its end\n")
        }
        // Looking is allowed.
        #expect(try ApusRun("slots", "--card", file.path).status == 0)
        #expect(try file.bytes == before)
        withExtendedLifetime(lock) {}
    }

    @Test func anOlderVersionByRequest() async throws {
        let file = try await CardFile(TestCard(a: Self.old()))
        let older = try await TestFirmware(version: "0.9", root: [5])
        let run = try ApusRun(
            "update", "--allow-downgrade", file.bundle(older), "--card", file.path, "--trust", file.key)
        #expect(run.status == 0)
        try expectInstalled(older, file)
    }

    /// The table of docs/updates.md has each code once, and no other.
    @Test func theDocumentHasAllCodes() throws {
        let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/updates.md")
        let text = try String(contentsOf: document, encoding: .utf8)
        let table = try #require(text.components(separatedBy: "## Exit codes").last)
        let codes = table.split(separator: "\n").compactMap { line in
            line.hasPrefix("| ") ? Int32(line.dropFirst(2).prefix { $0 != " " }) : nil
        }
        #expect(codes == UpdateExitCode.allCases.map(\.rawValue).sorted())
    }
}

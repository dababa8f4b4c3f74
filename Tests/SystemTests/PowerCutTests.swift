import BootState
import Foundation
import JSON
import Testing

@testable import fwtool

extension EnduranceTests {
    /// A device that updates itself to and fro over HTTP, while its power is cut at random moments: of the start, of
    /// the download, of the writing, of the flip, of the first boot, of the confirmation.
    @Suite struct PowerCutTests {
        /// `make soak` has more of them.
        private static let cuts = ProcessInfo.processInfo.environment["APUS_CUTS"].flatMap(Int.init) ?? 20
        private static let deadline = Duration.seconds(240)
        private static let versions = ["0.1.0": "0.2.0", "0.2.0": "0.1.0"]

        /// What a device does.
        private enum Phase: String {
            case starting, confirming, updating, restarting
        }

        /// What cuts come after, in turn. Most of what is written is written by updates: first one that fetches and writes
        /// all of the bundle, later one that finds much of it. A restart goes on into the first boot and the confirmation.
        private static let turns: [(phase: Phase, isWhole: Bool)] = [
            (.updating, true), (.restarting, false), (.updating, false), (.starting, false),
        ]

        /// A board, and what it takes on an idle machine: in milliseconds.
        private struct Bench {
            let board: String
            let settings: [(key: String, value: String)]
            let starting: Int
            let wholeUpdate: Int
            let update: Int
            /// Until the confirmation.
            let restarting: Int

            func length(_ phase: Phase, isWhole: Bool) -> Int {
                switch phase {
                case .starting, .confirming: starting
                case .updating: isWhole ? wholeUpdate : update
                case .restarting: restarting
                }
            }
        }

        /// What the device has come to, over all its boots.
        private actor Journal {
            private(set) var phase = Phase.starting
            private(set) var updates = 0
            private var boots = 0
            private var confirmations = 0
            private var cuts: [Phase: Int] = [:]
            private var reader: AsyncStream<Phase>.Continuation?
            private var poweredOn = ContinuousClock.now
            /// From power-on to the shell.
            private(set) var start: Duration?

            /// - Returns: the phases that the device enters from now on.
            func powerOn() -> AsyncStream<Phase> {
                let (phases, continuation) = AsyncStream.makeStream(of: Phase.self)
                reader = continuation
                poweredOn = .now
                begin(.starting)
                return phases
            }

            func begin(_ phase: Phase) {
                self.phase = phase
                reader?.yield(phase)
            }

            func booted() {
                if phase == .starting { start = .now - poweredOn }
                boots += 1
                begin(.confirming)
            }

            func confirmed() { confirmations += 1 }

            func updated() {
                updates += 1
                begin(.restarting)
            }

            func cut() { cuts[phase, default: 0] += 1 }

            var summary: String {
                let phases = cuts.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")
                return "\(boots) boots, \(updates) updates, \(confirmations) confirmations; cut while \(phases)"
            }
        }

        /// Sixteen of the twenty on the board that is emulated faster, so that they cost as much time as the four on the
        /// other, whose card, network and reset are a Raspberry Pi's.
        @Test func theGenericBoardSurvivesEveryCut() async throws {
            // There is no bus for the thermometer.
            let settings = [("button.line", "GPIO0"), ("led.line", "GPIO7"), ("health.ignore", "tmp102-0x48")]
            let bench = Bench(
                board: "virt", settings: settings, starting: 8_000, wholeUpdate: 5_000, update: 1_000,
                restarting: 16_000)
            try await Self.survive(bench, cuts: Self.cuts * 4 / 5)
        }

        @Test func aRaspberryPi3SurvivesEveryCut() async throws {
            let bench = Bench(
                board: "rpi3", settings: [], starting: 18_000, wholeUpdate: 50_000, update: 10_000, restarting: 28_000)
            try await Self.survive(bench, cuts: Self.cuts - Self.cuts * 4 / 5)
        }

        private static func survive(_ bench: Bench, cuts: Int) async throws {
            let seed = ProcessInfo.processInfo.environment["APUS_SEED"].flatMap(UInt64.init) ?? .random(in: 1...999_999)
            var random = Random(state: seed)
            // Some come after the phase's end.
            let fractions = (0..<cuts).map { _ in Double.random(in: 0...1.1, using: &random) }
            let board = try BoardCatalog(directory: Machine.checkout.appendingPathComponent("BoardProfiles"))
                .profile(bench.board)
            let image = try Machine.image(for: bench.board)
            let journal = Journal()
            try await TemporaryFolder.with(beside: image) { folder in
                try Self.serveBundles(for: bench.board, in: folder)
                try await WebServer.with(folder.appendingPathComponent("www")) { url in
                    try await EmulatorBroker.with(in: folder) { broker in
                        let card = try EmulatorCard(file: image).copy(to: folder.appendingPathComponent("card.img"))
                        try card.provision(
                            // No time to lose.
                            [("broker", broker.urlForGuest), ("console", "shell"), ("health.stable", "1")]
                                + bench.settings)
                        for (cut, fraction) in fractions.enumerated() {
                            let (phase, isWhole) = turns[cut % turns.count]
                            let length = fraction * Double(bench.length(phase, isWhole: isWhole))
                            if isWhole { try Self.forgetContent(of: card) }
                            let cached = board.boot.card == .virtio ? try CachedCard(card, in: folder) : nil
                            try await Self.powerOn(board, card, in: folder, writeLog: cached?.log) { emulator in
                                let phases = await journal.powerOn()
                                try await Self.until(phase, of: phases) {
                                    // As much slower as the last start was.
                                    let slowness = await journal.start.map { $0 / .milliseconds(bench.starting) }
                                    return .milliseconds(length * max(1, slowness ?? 1))
                                } work: {
                                    try await Self.work(emulator, url, journal, updates: .max)
                                }
                                await emulator.cutPower()
                            }
                            await journal.cut()
                            let what = "cut \(cut + 1) of \(cuts) on \(bench.board) (seed \(seed))"
                            Self.tell("power \(what): while \(await journal.phase)")
                            var random = Random(state: seed &+ UInt64(cut))
                            if let rest = try cached?.loseCache(using: &random) { Self.tell("the card: \(rest)") }
                            try Self.check(card, after: what)
                        }
                        // And now undisturbed: one update more, to its confirmation.
                        try await Self.powerOn(board, card, in: folder) { emulator in
                            _ = await journal.powerOn()
                            try await Self.work(emulator, url, journal, updates: 1)
                            // The data partition took no harm either.
                            let shell = Shell(emulator: emulator, deadline: deadline)
                            let events = try await shell.run("cat /data/apus/events || true")
                            #expect(!events.contains("repaired") && !events.contains("anew"), "\(events)")
                        }
                        try Self.check(card, after: "the last update of seed \(seed)")
                    }
                }
            }
            Self.tell("power cuts on \(bench.board): \(cuts), seed \(seed): \(await journal.summary)")
            #expect(await journal.updates > 0)
        }

        /// Has the next update fetch and write all of the bundle, when none was begun: takes away what the other slot
        /// holds, and the directory that tells what the running one holds.
        private static func forgetContent(of card: EmulatorCard) throws {
            let state = try #require(try card.bootState())
            guard state.trial == nil, state.bad == nil || state == .initial else { return }
            try card.eraseDirectory(of: state.active)
            let other = card.place(of: state.active == .a ? .b : .a)
            // More than any payload; not all of the slot, which is sparse.
            try card.write(Data(count: 48 << 20), at: other.lowerBound)
        }

        /// At once, also into a file: many cuts take long.
        private static func tell(_ line: String) {
            print(line)
            fflush(nil)
        }

        private static func serveBundles(for board: String, in folder: URL) throws {
            let root = folder.appendingPathComponent("www")
            try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
            for (version, place) in [("0.1.0", "build"), ("0.2.0", "build/next")] {
                let name = "\(place)/WeatherStation-\(board).apus"
                let bundle = Machine.checkout.appendingPathComponent(name)
                guard FileManager.default.fileExists(atPath: bundle.path) else {
                    throw FwtoolError("\(name) is not built", remedy: "run: make test-images")
                }
                try FileManager.default.createSymbolicLink(
                    at: root.appendingPathComponent("\(version).apus"), withDestinationURL: bundle)
            }
        }

        private static func powerOn(
            _ board: BoardProfile, _ card: EmulatorCard, in folder: URL, writeLog: URL? = nil,
            _ body: @Sendable (Emulator) async throws -> Void
        ) async throws {
            try await Emulator.with(board, card: card, in: folder, writeLog: writeLog) { emulator in
                do { try await body(emulator) } catch {
                    Issue.record("the console ended with:\n\(emulator.console.tail(lines: 80))")
                    throw error
                }
            }
        }

        /// Does the work until some time after a phase has begun.
        private static func until(
            _ phase: Phase, of phases: AsyncStream<Phase>, and delay: @escaping @Sendable () async -> Duration,
            work: @escaping @Sendable () async throws -> Void
        ) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await work() }
                group.addTask {
                    for await begun in phases where begun == phase { break }
                    // The cut's moment is what is chosen; nothing is waited for.
                    try await Task.sleep(for: await delay())
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        }

        /// What a device does with its days: boots, is confirmed, updates, restarts.
        private static func work(_ emulator: Emulator, _ url: String, _ journal: Journal, updates: Int) async throws {
            let shell = Shell(emulator: emulator, deadline: deadline)
            var done = 0
            while true {
                try await emulator.console.wait(for: "built-in shell", deadline: deadline)
                await journal.booted()
                try await confirmed(shell, journal)
                if done == updates { return }
                try await shell.network()
                let version = try await version(shell)
                let next = try #require(versions[version])
                await journal.begin(.updating)
                try await shell.run("apus update \(url)/\(next).apus --allow-downgrade --rate-limit 5M")
                await journal.updated()
                done += 1
                try emulator.type("reboot")
            }
        }

        /// Waits until the running slot is the confirmed one.
        private static func confirmed(_ shell: Shell, _ journal: Journal) async throws {
            var wasOnTrial = false
            while true {
                let text = try await shell.run("apus slots --json")
                let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("{\"running\"") }, "\(text)")
                let slots = try JSON(parsing: String(line))
                guard case .object(let state) = slots else { throw FwtoolError("apus slots answered \(line)") }
                #expect(state["lastFailure"] == .null, "\(line)")
                if state["running"] == state["confirmed"], state["trial"] == .null { break }
                wasOnTrial = true
                // The device's own time: it has nothing to tell before.
                try await shell.run("sleep 1")
            }
            if wasOnTrial { await journal.confirmed() }
        }

        private static func version(_ shell: Shell) async throws -> String {
            let text = try await shell.run("grep ^version= /etc/apus/board.conf")
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("version=") }, "\(text)")
            return String(line.dropFirst("version=".count))
        }

        /// A cut is no failure: the state is readable and tells of none.
        private static func check(_ card: EmulatorCard, after what: String) throws {
            let state = try #require(try card.bootState(), "no boot state after \(what)")
            #expect(state.lastFailure == nil, "wrong rollback after \(what)")
        }
    }
}

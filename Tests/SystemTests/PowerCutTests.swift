import BootState
import Foundation
import JSON
import Testing

@testable import fwtool

extension SystemTests {
    /// A device that updates itself to and fro over HTTP, while its power is cut at random moments: of the download, of
    /// the writing, of the flip, of the first boot, of the confirmation.
    @Suite struct PowerCutTests {
        /// `make soak` has more of them.
        private static let cuts = ProcessInfo.processInfo.environment["APUS_CUTS"].flatMap(Int.init) ?? 20
        /// What an update, the restart and the confirmation take together on an idle machine, and some seconds.
        private static let longest = 45_000
        private static let deadline = Duration.seconds(240)
        private static let versions = ["0.1.0": "0.2.0", "0.2.0": "0.1.0"]

        /// What the device has come to, over all its boots.
        private actor Journal {
            private(set) var boots = 0
            private(set) var updates = 0
            private(set) var confirmations = 0

            func booted() { boots += 1 }
            func updated() { updates += 1 }
            func confirmed() { confirmations += 1 }
        }

        @Test func everyCutLeavesADeviceThatBootsAndUpdates() async throws {
            let seed = ProcessInfo.processInfo.environment["APUS_SEED"].flatMap(UInt64.init) ?? .random(in: 1...999_999)
            var random = Random(state: seed)
            let moments = (0..<Self.cuts).map { _ in
                Duration.milliseconds(Int.random(in: 500...Self.longest, using: &random))
            }
            let board = try BoardCatalog(directory: Machine.checkout.appendingPathComponent("BoardProfiles"))
                .profile("virt")
            let image = try Machine.image(for: "virt")
            let journal = Journal()
            try await TemporaryFolder.with(beside: image) { folder in
                try Self.serveBundles(in: folder)
                try await WebServer.with(folder.appendingPathComponent("www")) { url in
                    try await EmulatorBroker.with(in: folder) { broker in
                        let card = try EmulatorCard(file: image).copy(to: folder.appendingPathComponent("card.img"))
                        try card.provision(
                            [
                                ("broker", broker.urlForGuest), ("console", "shell"), ("button.line", "GPIO0"),
                                ("led.line", "GPIO7"),
                                // There is no bus for the thermometer, and no time to lose.
                                ("health.ignore", "tmp102-0x48"), ("health.stable", "1"),
                            ])
                        for (cut, moment) in moments.enumerated() {
                            try await Self.powerOn(board, card, in: folder) { emulator in
                                try await Self.until(moment) {
                                    try await Self.work(emulator, url, journal, updates: .max)
                                }
                            }
                            try Self.check(card, after: "cut \(cut + 1) of seed \(seed), at \(moment)")
                        }
                        // And now undisturbed: one update more, to its confirmation.
                        try await Self.powerOn(board, card, in: folder) { emulator in
                            try await Self.work(emulator, url, journal, updates: 1)
                        }
                        try Self.check(card, after: "the last update of seed \(seed)")
                    }
                }
            }
            let (boots, updates, confirmations) = await (journal.boots, journal.updates, journal.confirmations)
            print(
                "power cuts: \(Self.cuts), seed \(seed): \(boots) boots, \(updates) updates, \(confirmations) confirmations"
            )
            #expect(updates > 0 && confirmations > 0)
        }

        private static func serveBundles(in folder: URL) throws {
            let root = folder.appendingPathComponent("www")
            try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
            for (version, place) in [("0.1.0", "build"), ("0.2.0", "build/next")] {
                let bundle = Machine.checkout.appendingPathComponent("\(place)/WeatherStation-virt.apus")
                guard FileManager.default.fileExists(atPath: bundle.path) else {
                    throw FwtoolError("\(place)/WeatherStation-virt.apus is not built", remedy: "run: make test")
                }
                try FileManager.default.createSymbolicLink(
                    at: root.appendingPathComponent("\(version).apus"), withDestinationURL: bundle)
            }
        }

        private static func powerOn(
            _ board: BoardProfile, _ card: EmulatorCard, in folder: URL,
            _ body: @Sendable (Emulator) async throws -> Void
        ) async throws {
            try await Emulator.with(board, card: card, in: folder) { emulator in
                do { try await body(emulator) } catch {
                    Issue.record("the console ended with:\n\(emulator.console.tail(lines: 80))")
                    throw error
                }
            }
        }

        /// Does the work until the moment of the cut, or its end if that is earlier.
        private static func until(_ moment: Duration, _ work: @escaping @Sendable () async throws -> Void) async throws
        {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await work() }
                // The cut's moment is what is chosen; nothing is waited for.
                group.addTask { try await Task.sleep(for: moment) }
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
                let version = try await version(shell)
                let next = try #require(versions[version])
                try await shell.run("apus update \(url)/\(next).apus --allow-downgrade")
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
            let handle = try FileHandle(forReadingFrom: card.file)
            defer { try? handle.close() }
            let copies = try BootState.copyOffsets.map { offset in
                try handle.seek(toOffset: UInt64(offset))
                return [UInt8](try handle.read(upToCount: BootState.blockSize) ?? Data())
            }
            let state = try #require(BootState.choose(copies[0], copies[1])?.state, "no boot state after \(what)")
            #expect(state.lastFailure == nil, "wrong rollback after \(what)")
        }
    }
}

/// SplitMix64, so that a seed tells all.
private struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

import Foundation
import Testing

@testable import BootState
@testable import fwtool

extension SystemTests {
    /// Slots on trial that fail in each way there is, from power-on to the rollback and its reason.
    ///
    /// Slot B is a copy of slot A, changed. One failure is left to it, so that each test sees the way from the failure to
    /// the confirmed slot once; that three are counted is the model's and the script's test.
    @Suite struct TrialTests {
        private static let deadline = Duration.seconds(240)

        /// On a Raspberry Pi as well, whose U-Boot is another: it must know a reset from a power cut.
        @Test(arguments: ["virt", "rpi3"]) func aPanicIsRolledBack(_ board: String) async throws {
            try await Self.expectRollback(.reset, on: board, after: "Rebooting in") { slot in
                try slot.replaceScript(with: "echo c >/proc/sysrq-trigger")
            }
        }

        /// PID 1 is frozen, and with it the loop that feeds the watchdog.
        @Test func aHangIsEndedByTheWatchdogAndRolledBack() async throws {
            try await Self.expectRollback(.reset, after: "watchdog started") { slot in
                try slot.replaceScript(
                    with: """
                        b=/runtime/bin/busybox
                        $b mkdir /tmp/groups
                        $b mount -t cgroup2 none /tmp/groups
                        $b mkdir /tmp/groups/frozen
                        echo 1 >/tmp/groups/frozen/cgroup.procs
                        echo 1 >/tmp/groups/frozen/cgroup.freeze
                        """)
            }
        }

        @Test func anAppThatEndsAgainAndAgainIsRolledBack() async throws {
            try await Self.expectRollback(.app, after: "for the 5th time") { slot in
                try slot.replace("app=/app/WeatherStation\n", with: "app=/app/WeatherStatioX\n")
                try slot.seal()
            }
        }

        @Test func aDamagedRootImageIsRolledBack() async throws {
            try await Self.expectRollback(.root, after: "the root image is damaged") { slot in
                // Not sealed: the hash tree tells, when the app comes to use these words of its program. What is read
                // before apus-init runs fails the start itself.
                try slot.replace("has not run long enough", with: "HAS not run long enough")
            }
        }

        @Test func anAppThatIsNeverHealthyIsRolledBack() async throws {
            // The board has no I2C bus, so the thermometer never runs.
            try await Self.expectRollback(
                .health, after: "not healthy in time", settings: [("health.deadline", "5"), ("health.ignore", "none")]
            ) { _ in }
        }

        /// PID 1 is well and feeds the watchdog; the app's supervisors stand still. That it is killed for it counts like
        /// any other end.
        @Test func anAppThatFreezesIsKilledAndRolledBack() async throws {
            // Without its thermometer it is not confirmed before.
            let settings = [("console", "shell"), ("health.ignore", "none")]
            try await Self.expectRollback(.app, after: "for the 5th time", settings: settings) { _ in
            } meanwhile: { emulator in
                let console = emulator.console
                try await console.wait(for: "built-in shell", deadline: Self.deadline)
                // Said after its first report, from which on it is expected to go on.
                let sign = "apus: not healthy: "
                if !console.text.contains(sign) { try await console.wait(for: sign, deadline: Self.deadline) }
                try emulator.type("kill -STOP $(pidof WeatherStation)")
                try await console.wait(for: "the app has not reported for", deadline: Self.deadline)
                for failure in 1...4 {
                    try await console.wait(for: "the app ended (signal 9, failure \(failure))", deadline: Self.deadline)
                    try emulator.type(
                        "until pidof WeatherStation; do usleep 100000; done; kill -9 $(pidof WeatherStation)")
                }
            }
        }

        /// Power cuts on the way: the trial goes on, and is confirmed in the end.
        @Test func aPowerCutIsNoFailureAndAHealthyTrialIsConfirmed() async throws {
            try await Self.withCard(settings: []) { _ in
            } _: { board, card, folder in
                for cut in ["starting slot b", "apus-init: "] {
                    try await Emulator.with(board, card: card, in: folder) { emulator in
                        _ = try await emulator.console.wait(for: cut, deadline: Self.deadline)
                    }
                    #expect(try card.bootState()?.trial?.failuresLeft == 1)
                }
                try await Emulator.with(board, card: card, in: folder) { emulator in
                    _ = try await emulator.console.wait(for: "slot b is confirmed", deadline: Self.deadline)
                }
                let state = try #require(try card.bootState())
                #expect(state.active == .b)
                #expect(state.trial == nil)
                #expect(state.bad == nil)
                #expect(state.lastFailure == nil)
            }
        }

        // MARK: - The way there

        private static func expectRollback(
            _ reason: FailureReason, on board: String = "virt", after sign: String,
            settings: [(key: String, value: String)] = [],
            change: @Sendable (TrialSlot) throws -> Void,
            meanwhile: @Sendable (Emulator) async throws -> Void = { _ in }
        ) async throws {
            try await withCard(on: board, settings: settings, change) { board, card, folder in
                try await Emulator.with(board, card: card, in: folder) { emulator in
                    do {
                        try await meanwhile(emulator)
                        _ = try await emulator.console.wait(for: sign, deadline: Self.deadline)
                        _ = try await emulator.console.wait(for: "starting slot a", deadline: Self.deadline)
                        _ = try await emulator.console.wait(for: "apus-init: ", deadline: Self.deadline)
                    } catch {
                        Issue.record("the console ended with:\n\(emulator.console.tail(lines: 60))")
                        throw error
                    }
                }
                let state = try #require(try card.bootState())
                #expect(state.active == .a)
                #expect(state.trial == nil)
                #expect(state.bad == .b)
                #expect(state.lastFailure == BootState.Failure(of: .b, reason))
            }
        }

        /// A card whose slot B is on trial.
        private static func withCard(
            on name: String = "virt", settings: [(key: String, value: String)],
            _ change: @Sendable (TrialSlot) throws -> Void,
            _ body: @Sendable (BoardProfile, EmulatorCard, URL) async throws -> Void
        ) async throws {
            let board = try BoardCatalog(directory: Machine.checkout.appendingPathComponent("BoardProfiles"))
                .profile(name)
            let image = try Machine.image(for: name)
            try await TemporaryFolder.with(beside: image) { folder in
                let card = try EmulatorCard(file: image).copy(to: folder.appendingPathComponent("card.img"))
                // No broker, and no bus for the thermometer: neither is what these tests are about.
                var values = [("health.offline", "0"), ("health.stable", "1"), ("health.ignore", "tmp102-0x48")]
                values += [("button.line", "GPIO0"), ("led.line", "GPIO7")]
                values.removeAll { value in settings.contains { $0.key == value.0 } }
                try card.provision(values + settings)
                let slot = try TrialSlot(copying: card, scratch: folder)
                try change(slot)
                let trial = BootState(
                    sequence: 2, active: .a, trial: BootState.Trial(of: .b, failuresLeft: 1, startsLeft: 15), bad: nil,
                    lastFailure: nil, otherVariables: [:])
                try card.write(try trial.encoded(), at: Int64(BootState.copyOffsets[1]))
                try await body(board, card, folder)
            }
        }
    }

    /// Slot B of a card, a copy of slot A that can be changed.
    struct TrialSlot {
        private let card: EmulatorCard
        private let header: SlotHeader
        private let root: URL

        /// Copies slot A over slot B.
        init(copying card: EmulatorCard, scratch: URL) throws {
            self.card = card
            root = scratch.appendingPathComponent("trial-root")
            try card.copySlotAToB()
            header = try card.slotHeader(of: .b)
            try Data(card.read(at: card.place(of: .b).lowerBound, count: Int(header.root) * 512)).write(to: root)
        }

        /// Replaces a text of the root image by another of the same length.
        func replace(_ old: String, with new: String) throws {
            var content = try Data(contentsOf: root)
            let range = try #require(content.range(of: Data(old.utf8)))
            try #require(old.utf8.count == new.utf8.count)
            content.replaceSubrange(range, with: Data(new.utf8))
            try content.write(to: root)
            try write(content, at: 0)
        }

        /// Replaces the script the DHCP client runs soon after the start, and seals the image.
        func replaceScript(with commands: String) throws {
            let script = try String(contentsOf: Resources.firmware("rootfs/usr/lib/apus/udhcpc"), encoding: .utf8)
            let text = "#!/runtime/bin/busybox sh\n\(commands)\nexit 0\n"
            try replace(script, with: text + String(repeating: "#", count: script.utf8.count - text.utf8.count))
            try seal()
        }

        /// Makes the hash tree of what is there now.
        func seal() throws {
            // The first block may have changed: no checksum of it (Linux, fs/erofs/erofs_fs.h: feature_compat at 8 of the
            // superblock, EROFS_FEATURE_COMPAT_SB_CHKSUM).
            var content = try Data(contentsOf: root)
            content[1024 + 8] &= ~1
            try content.write(to: root)
            try write(content, at: 0)
            let handle = try FileHandle(forReadingFrom: root)
            defer { try? handle.close() }
            let tree = try HashTree(of: handle, size: Int(header.root) * 512)
            try write(tree.content, at: Int(header.hashTree) * 512)
            try write(
                try VerityBlock(rootHash: tree.rootHash.bytes).encoded(), at: Int(header.verity) * 512)
        }

        private func write(_ content: some Sequence<UInt8>, at offset: Int) throws {
            try card.write(content, at: card.place(of: .b).lowerBound + Int64(offset))
        }
    }
}

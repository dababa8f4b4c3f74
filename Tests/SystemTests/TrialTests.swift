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
        /// A DHCP script of so many bytes stands in the root image, and runs soon after the start.
        private static let hook = "usr/lib/apus/udhcpc"

        @Test func aPanicIsRolledBack() async throws {
            try await Self.expectRollback(.reset, after: "Rebooting in") { slot in
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

        /// Power cuts on the way: the trial goes on, and is confirmed in the end.
        @Test func aPowerCutIsNoFailureAndAHealthyTrialIsConfirmed() async throws {
            try await Self.withCard(settings: []) { _ in
            } _: { board, card, folder in
                for cut in ["starting slot b", "apus-init: "] {
                    try await Emulator.with(board, card: card, in: folder) { emulator in
                        _ = try await emulator.console.wait(for: cut, deadline: .seconds(240))
                    }
                    #expect(try Self.state(of: card)?.trial?.failuresLeft == 1)
                }
                try await Emulator.with(board, card: card, in: folder) { emulator in
                    _ = try await emulator.console.wait(for: "slot b is confirmed", deadline: .seconds(240))
                }
                let state = try #require(try Self.state(of: card))
                #expect(state.active == .b)
                #expect(state.trial == nil)
                #expect(state.bad == nil)
                #expect(state.lastFailure == nil)
            }
        }

        // MARK: - The way there

        private static func expectRollback(
            _ reason: FailureReason, after sign: String, settings: [(key: String, value: String)] = [],
            change: @Sendable (TrialSlot) throws -> Void
        ) async throws {
            try await withCard(settings: settings, change) { board, card, folder in
                try await Emulator.with(board, card: card, in: folder) { emulator in
                    do {
                        _ = try await emulator.console.wait(for: sign, deadline: .seconds(240))
                        _ = try await emulator.console.wait(for: "starting slot a", deadline: .seconds(240))
                        _ = try await emulator.console.wait(for: "apus-init: ", deadline: .seconds(240))
                    } catch {
                        Issue.record("the console ended with:\n\(emulator.console.tail(lines: 60))")
                        throw error
                    }
                }
                let state = try #require(try Self.state(of: card))
                #expect(state.active == .a)
                #expect(state.trial == nil)
                #expect(state.bad == .b)
                #expect(state.lastFailure == BootState.Failure(of: .b, reason))
            }
        }

        /// A card whose slot B is on trial.
        private static func withCard(
            settings: [(key: String, value: String)], _ change: @Sendable (TrialSlot) throws -> Void,
            _ body: @Sendable (BoardProfile, EmulatorCard, URL) async throws -> Void
        ) async throws {
            let board = try BoardCatalog(directory: Machine.checkout.appendingPathComponent("BoardProfiles"))
                .profile("virt")
            let image = try Machine.image(for: "virt")
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
                let handle = try FileHandle(forUpdating: card.file)
                try handle.seek(toOffset: UInt64(BootState.copyOffsets[1]))
                try handle.write(contentsOf: Data(try trial.encoded()))
                try handle.close()
                try await body(board, card, folder)
            }
        }

        private static func state(of card: EmulatorCard) throws -> BootState? {
            let handle = try FileHandle(forReadingFrom: card.file)
            defer { try? handle.close() }
            let copies = try BootState.copyOffsets.map { offset in
                try handle.seek(toOffset: UInt64(offset))
                return [UInt8](try handle.read(upToCount: BootState.blockSize) ?? Data())
            }
            return BootState.choose(copies[0], copies[1])?.state
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
            let block = 1 << 20
            func megabytes(_ offset: Int64) -> String { String(offset / Int64(block)) }
            try Command(
                "dd",
                [
                    "if=\(card.file.path)", "of=\(card.file.path)", "bs=\(block)",
                    "skip=\(megabytes(card.partitions[1].lowerBound))",
                    "seek=\(megabytes(card.partitions[2].lowerBound))",
                    "count=\(card.partitions[1].count / block)", "conv=notrunc,sparse",
                ]
            ).run()
            let handle = try FileHandle(forReadingFrom: card.file)
            defer { try? handle.close() }
            try handle.seek(toOffset: UInt64(card.partitions[2].lowerBound))
            let sector = [UInt8](try handle.read(upToCount: SlotHeader.blockSize) ?? Data())
            header = try SlotHeader(decoding: sector)
            try handle.seek(toOffset: UInt64(card.partitions[2].lowerBound))
            try (try handle.read(upToCount: Int(header.root) * 512) ?? Data()).write(to: root)
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

        /// Replaces the script the DHCP client runs, and seals the image.
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
                Data(try VerityBlock(rootHash: tree.rootHash.bytes).encoded()), at: Int(header.verity) * 512)
        }

        private func write(_ content: Data, at offset: Int) throws {
            let handle = try FileHandle(forUpdating: card.file)
            defer { try? handle.close() }
            try handle.seek(toOffset: UInt64(card.partitions[2].lowerBound + Int64(offset)))
            try handle.write(contentsOf: content)
        }
    }
}

import BootState
import Card
import Foundation
import Testing

@testable import fwtool

extension SystemTests {
    /// The data partition is repaired before anything is given up, grows to the card, and survives what it should.
    @Suite struct DataPartitionTests {
        private static let settings = [("button.line", "GPIO0"), ("led.line", "GPIO7"), ("serial", "WS-0042")]

        /// Puts a file on the data partition.
        private static func addNote(_ card: EmulatorCard) throws {
            let note = card.file.deletingLastPathComponent().appendingPathComponent("note")
            try Data("kept\n".utf8).write(to: note)
            try card.addToData(note, as: "note")
        }

        private static func overwrite(_ range: Range<Int64>, in card: EmulatorCard) throws {
            try card.write(Data(repeating: 0xA5, count: Int(range.count)), at: range.lowerBound)
        }

        @Test func aBrokenSuperblockIsRepairedAndTheContentKept() async throws {
            let prepare: @Sendable (EmulatorCard) throws -> Void = { card in
                try Self.addNote(card)
                let start = card.partitions[3].lowerBound
                try Self.overwrite(start..<(start + 4096), in: card)
            }
            try await Machine.boot("virt", settings: Self.settings, prepare: prepare) { machine in
                #expect(try await machine.shell.run("cat /data/note").contains("kept"))
                let events = try await machine.shell.run("cat /data/apus/events")
                #expect(events.contains("data: repaired from the superblock at block 8192"), "\(events)")
                // The app runs with what was repaired.
                _ = try await machine.readings.next(from: "button-GPIO0")
            }
        }

        @Test func aHopelessOneIsMadeAnewAndThatIsRecorded() async throws {
            let prepare: @Sendable (EmulatorCard) throws -> Void = { try Self.overwrite($0.partitions[3], in: $0) }
            try await Machine.boot("virt", settings: Self.settings, prepare: prepare) { machine in
                let events = try await machine.shell.run("cat /data/apus/events")
                #expect(events.contains("could not be repaired and was made anew: its content is lost"), "\(events)")
                #expect(try await machine.shell.run("mount").contains(" on /data type ext4 (rw"))
                _ = try await machine.readings.next(from: "button-GPIO0")
            }
        }

        /// The shell itself is provisioned: that it is there again shows that a reset keeps what was.
        @Test func itGrowsToTheCardAndAFactoryResetKeepsWhatWasProvisioned() async throws {
            try await Machine.boot("virt", settings: Self.settings, prepare: Self.addNote) { machine in
                let (shell, console) = (machine.shell, machine.emulator.console)
                // The card is a power of two, its image is not.
                try await console.wait(for: "data partition: grown from 64 to ", deadline: machine.deadline)
                let card = try BlockFile(machine.card.file.path, isWritable: false)
                let data = try CardLayout(of: card, path: machine.card.file.path).data
                #expect(data.count > 64 << 20 && card.size - data.upperBound < 1 << 20)
                try await Self.expectSize(data.count, shell)
                #expect(try await shell.run("cat /data/note").contains("kept"))

                try machine.emulator.type("apus factory-reset --yes")
                try await console.wait(for: "data partition: factory reset", deadline: machine.deadline)
                try await console.wait(for: "built-in shell", deadline: machine.deadline)
                #expect(try await shell.run("cat /data/apus/events").contains("factory reset: made anew"))
                #expect(try await !shell.run("ls /data").contains("note"))
                #expect(try await shell.run("cat /run/apus/provisioned").contains("serial=WS-0042"))
                #expect(try await shell.run("hostname").contains("apus-WS0042"))
                #expect(try !FactoryReset(card).isRequested())
                try await Self.expectSize(data.count, shell)
                _ = try await machine.readings.next(from: "button-GPIO0")
            }
        }

        // MARK: - Power cuts while it grows

        /// Large enough that growing takes a second or two.
        private static let cardSize = 32 << 30
        private static let cuts = 5
        /// What growing takes on an idle machine, and some more. In milliseconds.
        private static let growthTime = 2_500

        /// Cut while it grows, the file system is sound, whatever its size, holds what it held, and grows on.
        @Test func aPowerCutWhileItGrowsLeavesItSound() async throws {
            let board = try BoardCatalog(directory: Machine.checkout.appendingPathComponent("BoardProfiles"))
                .profile("virt")
            let image = try Machine.image(for: "virt")
            let deadline = Duration.seconds(240)
            try await TemporaryFolder.with(beside: image) { folder in
                let file = folder.appendingPathComponent("card.img")
                var card = try Self.largeCard(image, at: file)
                let full = Self.cardSize - Int(card.partitions[3].lowerBound)
                var size = 0
                for cut in 1...Self.cuts {
                    // Done growing: from the beginning.
                    if size == full { card = try Self.largeCard(image, at: file) }
                    let moment = Duration.milliseconds(Int.random(in: 0...Self.growthTime))
                    let cached = try CachedCard(card, in: folder)
                    try await Emulator.with(board, card: card, in: folder, writeLog: cached.log) { emulator in
                        try await emulator.console.wait(for: "built-in shell", deadline: deadline)
                        // What PID 1 starts some seconds later.
                        try emulator.type("/usr/sbin/apus-init grow-data")
                        // The cut's moment is what is chosen; nothing is waited for.
                        try await Task.sleep(for: moment)
                        await emulator.cutPower()
                    }
                    var random = SystemRandomNumberGenerator()
                    let rest = try cached.loseCache(using: &random)
                    size = try Self.checkData(of: card, in: folder)
                    let what = "power cut \(cut) of \(Self.cuts) while /data grows, at \(moment)"
                    print("\(what), \(rest): \(size >> 20) MiB")
                }
                // Undisturbed, and by itself.
                let isFull = size == full
                try await Emulator.with(board, card: card, in: folder) { emulator in
                    try await emulator.console.wait(for: "built-in shell", deadline: deadline)
                    let shell = Shell(emulator: emulator, deadline: deadline)
                    if !isFull { try await shell.run("until grep grown /data/apus/events; do sleep 1; done") }
                    #expect(try await shell.run("cat /data/note").contains("kept"))
                    let events = try await shell.run("cat /data/apus/events || true")
                    // A cut while the last groups go from the journal to their places costs a check (docs/card-layout.md).
                    let repairs = events.replacingOccurrences(of: "repaired by e2fsck -p", with: "")
                    #expect(!repairs.contains("repaired") && !repairs.contains("anew"), "\(events)")
                }
                #expect(try Self.checkData(of: card, in: folder) == full)
            }
        }

        /// A card with a file on its data partition and much room behind it.
        private static func largeCard(_ image: URL, at file: URL) throws -> EmulatorCard {
            let card = try EmulatorCard(file: image).copy(to: file)
            try card.provision(settings + [("console", "shell")])
            try addNote(card)
            let handle = try FileHandle(forUpdating: file)
            try handle.truncate(atOffset: UInt64(cardSize))
            try handle.close()
            return card
        }

        /// Checks a copy of the file system, after the replay of its journal, which is what the next mount begins with.
        ///
        /// - Returns: its size in bytes.
        private static func checkData(of card: EmulatorCard, in folder: URL) throws -> Int {
            let copy = folder.appendingPathComponent("data.img")
            defer { try? FileManager.default.removeItem(at: copy) }
            try card.copyData(to: copy)
            // Status 1: it has changed something, such as the mark that there is a journal to replay.
            let replay = try Command("e2fsck", ["-E", "journal_only", "-y", copy.path]).execute()
            #expect(replay.status <= 1, "\(replay.output)\(replay.errors)")
            // Status 0: nothing to correct.
            try Command("e2fsck", ["-f", "-n", copy.path]).run()
            #expect(try Command("debugfs", ["-R", "cat note", copy.path]).run() == "kept\n")
            return try #require(try DataFileSystem.state(of: BlockFile(copy.path, isWritable: false))).size
        }

        private static func expectSize(_ bytes: Int, _ shell: Shell) async throws {
            let text = try await shell.run("df -m /data")
            let mebibytes = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first ?? 0
            // Less what ext4 needs for itself.
            #expect(mebibytes > (bytes >> 20) * 9 / 10, "\(text)")
        }
    }
}

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
            try Command(
                "debugfs",
                ["-w", "-R", "write \(note.path) note", "\(card.file.path)?offset=\(card.partitions[3].lowerBound)"]
            ).run()
        }

        private static func overwrite(_ range: Range<Int64>, in card: EmulatorCard) throws {
            let handle = try FileHandle(forUpdating: card.file)
            defer { try? handle.close() }
            try handle.seek(toOffset: UInt64(range.lowerBound))
            try handle.write(contentsOf: Data(repeating: 0xA5, count: Int(range.count)))
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

        private static func expectSize(_ bytes: Int, _ shell: Shell) async throws {
            let text = try await shell.run("df -m /data")
            let mebibytes = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first ?? 0
            // Less what ext4 needs for itself.
            #expect(mebibytes > (bytes >> 20) * 9 / 10, "\(text)")
        }
    }
}

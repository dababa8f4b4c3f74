import BootState
import Foundation
import Testing

@testable import fwtool

extension SystemTests {
    /// A card whose slot A cannot be loaded boots from slot B.
    @Suite struct SlotFallbackTests {
        private static let settings = [("button.line", "GPIO0"), ("led.line", "GPIO7")]

        @Test(arguments: ["header", "kernel", "initramfs"])
        func aSlotThatCannotBeLoadedLeadsToTheOther(_ damage: String) async throws {
            let prepare: @Sendable (EmulatorCard) throws -> Void = { card in
                let slotA = card.partitions[1]
                try Self.copy(slotA, to: card.partitions[2].lowerBound, in: card.file)
                if damage == "header" {
                    try Self.overwrite(at: slotA.lowerBound, in: card.file) { _ in 0 }
                } else {
                    let header = try Self.header(of: slotA, in: card.file)
                    let part = damage == "kernel" ? header.kernel : header.ramdisk
                    // Behind the first sector, which holds the checksum: a bit of what it is the checksum of.
                    let offset = slotA.lowerBound + Int64(part.lowerBound + 1) * 512
                    try Self.overwrite(at: offset, in: card.file) { $0 ^ 1 }
                }
            }
            try await Machine.boot("virt", settings: Self.settings, prepare: prepare) { machine in
                let console = machine.emulator.console.text
                #expect(console.contains("slot a cannot be loaded (\(damage)), trying the other"))
                _ = try await machine.readings.next(from: "button-GPIO0")
                let arguments = try await machine.shell.run("cat /proc/cmdline")
                #expect(arguments.contains("apus.slot=b"))
                #expect(try await machine.shell.run("mount").contains("/dev/dm-0 on / type erofs (ro"))

                // The choice is made anew at each boot: nothing was written.
                let state = try #require(try Self.state(of: machine.card))
                #expect(state == .initial)
            }
        }

        private static func copy(_ source: Range<Int64>, to target: Int64, in file: URL) throws {
            let block = 1 << 20
            try Command(
                "dd",
                [
                    "if=\(file.path)", "of=\(file.path)", "bs=\(block)", "skip=\(source.lowerBound / Int64(block))",
                    "seek=\(target / Int64(block))", "count=\(source.count / block)", "conv=notrunc,sparse",
                ]
            ).run()
        }

        private static func overwrite(at offset: Int64, in file: URL, _ change: (UInt8) -> UInt8) throws {
            let handle = try FileHandle(forUpdating: file)
            defer { try? handle.close() }
            try handle.seek(toOffset: UInt64(offset))
            let bytes = try handle.read(upToCount: 8) ?? Data()
            try handle.seek(toOffset: UInt64(offset))
            try handle.write(contentsOf: Data(bytes.map(change)))
        }

        private static func header(of slot: Range<Int64>, in file: URL) throws -> SlotHeader {
            let handle = try FileHandle(forReadingFrom: file)
            defer { try? handle.close() }
            try handle.seek(toOffset: UInt64(slot.lowerBound))
            return try SlotHeader(decoding: [UInt8](try handle.read(upToCount: SlotHeader.blockSize) ?? Data()))
        }

        private static func state(of card: EmulatorCard) throws -> BootState? {
            let handle = try FileHandle(forReadingFrom: card.file)
            defer { try? handle.close() }
            let copies = try BootState.copyOffsets.map { offset in
                try handle.seek(toOffset: UInt64(offset))
                return [UInt8](try handle.read(upToCount: 512) ?? Data())
            }
            return BootState.choose(copies[0], copies[1])?.state
        }
    }
}

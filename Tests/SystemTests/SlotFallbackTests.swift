import Foundation
import Testing

@testable import BootState
@testable import fwtool

extension SystemTests {
    /// A card whose slot A cannot be loaded boots from slot B.
    @Suite struct SlotFallbackTests {
        private static let settings = [("button.line", "GPIO0"), ("led.line", "GPIO7")]

        @Test(arguments: ["header", "kernel", "initramfs"])
        func aSlotThatCannotBeLoadedLeadsToTheOther(_ damage: String) async throws {
            let prepare: @Sendable (EmulatorCard) throws -> Void = { card in
                try card.copySlotAToB()
                try Self.damage(damage, in: card)
            }
            try await Machine.boot("virt", settings: Self.settings, prepare: prepare) { machine in
                let console = machine.emulator.console.text
                #expect(console.contains("slot a cannot be loaded (\(damage)), trying the other"))
                _ = try await machine.readings.next(from: "button-GPIO0")
                let arguments = try await machine.shell.run("cat /proc/cmdline")
                #expect(arguments.contains("apus.slot=b"))
                #expect(try await machine.shell.run("mount").contains("/dev/dm-0 on / type erofs (ro"))

                // The choice is made anew at each boot: without the thermometer it is not healthy, and nothing is written.
                let state = try machine.card.bootState()
                #expect(state == .initial)
            }
        }

        /// The confirmed slot decays; the one before it runs in its place, proves healthy, and is the confirmed one.
        @Test(arguments: ["virt", "rpi3"])
        func whatRunsInPlaceOfTheConfirmedSlotIsAdopted(_ board: String) async throws {
            let confirmed = BootState(
                sequence: 7, active: .b, trial: nil, bad: nil, lastFailure: nil, otherVariables: [:])
            let prepare: @Sendable (EmulatorCard) throws -> Void = { card in
                try card.copySlotAToB()
                try card.write(try confirmed.encoded(), at: Int64(BootState.copyOffsets[0]))
                try Self.damage("kernel", slot: .b, in: card)
            }
            var settings = [("health.stable", "1")]
            if board == "virt" { settings += Self.settings + [("health.ignore", "tmp102-0x48")] }
            try await Machine.boot(board, settings: settings, prepare: prepare) { machine in
                let (console, shell) = (machine.emulator.console, machine.shell)
                #expect(console.text.contains("slot b cannot be loaded (kernel), trying the other"))
                try await shell.run("until apus slots --json | grep -q '\"confirmed\":\"a\"'; do sleep 1; done")
                let state = try #require(try machine.card.bootState())
                #expect(state.active == .a && state.trial == nil && state.bad == .b)
                #expect(state.lastFailure == BootState.Failure(of: .b, .kernel))

                // From now on it is the first choice, and the other is not looked at.
                try machine.emulator.type("reboot")
                let start = try await console.wait(for: "apus: starting slot a", deadline: machine.deadline)
                #expect(!start.contains("cannot be loaded"), "\(start)")
                try await console.wait(for: "built-in shell", deadline: machine.deadline)
                #expect(try await shell.run("cat /proc/cmdline").contains("apus.slot=a"))
                #expect(try machine.card.bootState() == state)
            }
        }

        private static func damage(_ part: String, slot: Slot = .a, in card: EmulatorCard) throws {
            let start = card.place(of: slot).lowerBound
            if part == "header" { return try card.write(Array(repeating: 0, count: 8), at: start) }
            let header = try card.slotHeader(of: slot)
            let range = part == "kernel" ? header.kernel : header.ramdisk
            // Behind the first sector, which holds the checksum: bits of what it is the checksum of.
            let offset = start + Int64(range.lowerBound + 1) * 512
            try card.write(try card.read(at: offset, count: 8).map { $0 ^ 1 }, at: offset)
        }
    }
}

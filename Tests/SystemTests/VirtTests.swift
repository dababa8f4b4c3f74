import Foundation
import Testing

@testable import fwtool

extension SystemTests {
    /// The generic board, whose GPIO inputs can be driven from outside.
    @Suite struct VirtTests {
        private static let settings = [("button.line", "GPIO0"), ("led.line", "GPIO7")]

        @Test func everyEdgeArrivesOnceAndInOrder() async throws {
            try await Machine.boot("virt", settings: Self.settings) { machine in
                let chip = try await machine.emulator.qmp.device(ofType: "pl061")
                // The level at the start: low, which a button to ground means as pressed.
                let start = try await machine.readings.next(from: "button-GPIO0")
                #expect(start.value == .bool(true))

                let edges = 100
                for edge in 0..<edges {
                    try await machine.emulator.qtest.setInput(0, of: chip, to: edge % 2 == 0)
                    // Less than 50 a second: the emulated interrupt takes up to 15 ms, and faster pulses merge.
                    try await Task.sleep(for: .milliseconds(25))
                }
                var changes: [SenMLPack.Record] = []
                var level = start.value
                while changes.count < edges {
                    let reading = try await machine.readings.next(from: "button-GPIO0")
                    // The level is also repeated now and then without an edge.
                    if reading.value != level { changes.append(reading) }
                    level = reading.value
                }
                #expect(changes.map(\.value) == (0..<edges).map { .bool($0 % 2 == 1) })
                #expect(zip(changes, changes.dropFirst()).allSatisfy { $0.sequence < $1.sequence })

                // No edge is left over: the next change is the next edge made.
                try await machine.emulator.qtest.setInput(0, of: chip, to: true)
                let next = try await machine.readings.next("of a released button") { $0.value == .bool(false) }
                #expect(next.sequence > changes[edges - 1].sequence)
                #expect(await machine.readings.seen.filter { $0.value == .bool(false) }.count == edges / 2 + 1)
            }
        }

        // MARK: - fwtool emulate

        private static let program = Machine.checkout.appendingPathComponent(".build/debug/fwtool").path

        private static func arguments() throws -> [String] {
            let image = try Machine.image(for: "virt").path
            return ["emulate", image, "--target", "virt", "--set", "button.line=GPIO0", "--set", "led.line=GPIO7"]
        }

        @Test func fwtoolEmulatePrintsReadings() async throws {
            let process = try await EmulatorProcess.start(
                .setpriv, [Self.program] + Self.arguments() + ["--until-readings", "1"])
            let words = try await process.output.wait(for: "\n", deadline: .seconds(600)).split(separator: " ")
            #expect(words.count == 4)
            #expect(words.suffix(2) == ["button-GPIO0/pressed", "true\n"])
            #expect(await process.exitStatus() == 0)
        }

        @Test func anInterruptEndsQEMUAndBrokerAndRemovesTheCard() async throws {
            let process = try await EmulatorProcess.start(
                .setpriv,
                ["sh", "-c", "echo $$; exec \"$0\" \"$@\"", Self.program] + Self.arguments() + ["--console"])
            let identifier = try await process.output.nextLine()
            // The first words of the board on its console: QEMU runs.
            try await process.errors.wait(for: "U-Boot 20", deadline: .seconds(240))
            try Command("kill", ["-INT", identifier]).run()
            #expect(await process.exitStatus() == 0)

            let folder = try Machine.image(for: "virt").deletingLastPathComponent()
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            let left = names.filter { $0.hasPrefix(".WeatherStation-virt.img.") }
            #expect(left == [])
            let running = try Command("ps", ["-eo", "args"]).run()
            #expect(!running.contains("\(folder.path)/.WeatherStation-virt.img."))
        }
    }
}

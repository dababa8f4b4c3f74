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
                // An orderly restart of the app marks the end: it publishes what it still has, and then starts anew with
                // the level and a number far ahead. Nothing else publishes here, so until then no number is left out.
                var last = start
                var changes: [SenMLPack.Value] = []
                var isEnding = false
                while true {
                    let reading = try await machine.readings.next(from: "button-GPIO0")
                    guard reading.sequence == last.sequence + 1 else { break }
                    // The level is also repeated now and then without an edge.
                    if reading.value != last.value { changes.append(reading.value) }
                    last = reading
                    if changes.count == edges && !isEnding {
                        isEnding = true
                        try await machine.shell.run("kill $(pidof WeatherStation)")
                    }
                }
                #expect(changes == (0..<edges).map { .bool($0 % 2 == 1) })
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

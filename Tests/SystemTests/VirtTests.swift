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

                // Each edge waits for the reading of the one before: an emulated interrupt that is late would merge two.
                let sensor = Changes(readings: machine.readings, last: start)
                for edge in 0..<100 {
                    let high = edge % 2 == 0
                    try await machine.emulator.qtest.setInput(0, of: chip, to: high)
                    let change = try await Deadline.within(machine.deadline, "edge \(edge) did not arrive") {
                        try await sensor.next()
                    }
                    #expect(change?.value == .bool(!high))
                }

                // No edge is left over. Killed, for an app that was stopped in order goes on with the next number.
                try await machine.shell.run("kill -KILL $(pidof WeatherStation)")
                let end = try await Deadline.within(machine.deadline, "the app did not start again") {
                    try await sensor.next()
                }
                #expect(end == nil)
            }
        }

        /// The changes of the button, each once.
        private actor Changes {
            private let readings: Readings
            private var last: SenMLPack.Record

            init(readings: Readings, last: SenMLPack.Record) {
                self.readings = readings
                self.last = last
            }

            /// The next change; nil when the app was killed, which makes its numbers jump. Nothing else publishes
            /// on this board, so until then no number is left out, none comes twice, and all are in order.
            func next() async throws -> SenMLPack.Record? {
                while true {
                    let reading = try await readings.next(from: "button-GPIO0")
                    guard reading.sequence == last.sequence + 1 else {
                        // It goes on where no number was reserved before.
                        #expect(reading.sequence > last.sequence)
                        return nil
                    }
                    let isChange = reading.value != last.value
                    last = reading
                    // The level is also repeated now and then without an edge.
                    if isChange { return reading }
                }
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

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

        @Test func fwtoolEmulatePrintsReadings() async throws {
            let image = try Machine.image(for: "virt")
            let program = Machine.checkout.appendingPathComponent(".build/debug/fwtool")
            let output = try Command(
                program.path,
                [
                    "emulate", image.path, "--target", "virt", "--until-readings", "1", "--set", "button.line=GPIO0",
                    "--set", "led.line=GPIO7",
                ], deadline: 600
            ).run()
            let words = output.split(separator: "\n").first?.split(separator: " ") ?? []
            #expect(words.count >= 4)
            #expect(output.contains("button-GPIO0/pressed  true"))
        }
    }
}

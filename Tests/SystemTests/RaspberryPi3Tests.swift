import JSON
import Testing

@testable import fwtool

extension SystemTests {
    /// From the card through U-Boot, kernel and app to the broker, with the kernel's I2C driver reading an emulated chip.
    @Suite struct RaspberryPi3Tests {
        /// The tmp105 of the board profile.
        private static let thermometer = "/machine/peripheral/t0"

        @Test func temperaturesArriveAndFailuresStayLocal() async throws {
            // An address nobody answers at.
            try await Machine.boot("rpi3", settings: [("sensor.extra", "0x49")]) { machine in
                let (emulator, readings, shell) = (machine.emulator, machine.readings, machine.shell)

                // The temperature set from outside arrives, also after it changed. The chip's nine bits step by 0.5.
                try await emulator.qmp.setProperty("temperature", of: Self.thermometer, to: 21_500)
                let first = try await readings.next(from: "tmp102-0x48", 21.5)
                #expect(first.unit == "Cel")
                try await emulator.qmp.setProperty("temperature", of: Self.thermometer, to: -12_500)
                _ = try await readings.next(from: "tmp102-0x48", -12.5)

                // The absent sensor fails and is restarted, again and again, with growing delays...
                for _ in 1...3 {
                    try await emulator.console.wait(for: "tmp102-0x49 failed: ", deadline: machine.deadline)
                    try await emulator.console.wait(for: "tmp102-0x49 restarts in ", deadline: machine.deadline)
                }
                // ...while the other one loses none of its readings: one process, no gap in the sequence.
                let last = try await readings.next(from: "tmp102-0x48")
                #expect(last.boot == first.boot)
                let seen = await readings.seen
                // A message of several readings has them by sensor, so that not each needs a name.
                let numbers = seen.map(\.sequence).sorted()
                #expect(numbers == Array(numbers[0]..<(numbers[0] + Int64(numbers.count))))
                #expect(!seen.contains { $0.name.contains("/tmp102-0x49/") })

                // Killed, the app comes back in the same boot.
                try await shell.run("true")
                let process = try await shell.appProcess()
                try await shell.run("kill -SEGV \(process)")
                try await emulator.qmp.setProperty("temperature", of: Self.thermometer, to: 30_000)
                let again = try await readings.next(from: "tmp102-0x48", 30)
                #expect(again.boot == first.boot)
                #expect(try await shell.appProcess() != process)
            }
        }
    }
}

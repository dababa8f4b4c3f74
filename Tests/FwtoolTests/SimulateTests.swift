import Foundation
import Monitoring
import Testing

@testable import fwtool

/// `fwtool simulate` with the reference app, built beside the tests.
@Suite struct SimulateTests {
    private static func program(_ name: String) throws -> String {
        // SwiftPM puts the tests' executable beside it.
        let test = try URL(fileURLWithPath: FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return test.deletingLastPathComponent().appendingPathComponent(name).path
    }

    @Test func showsScriptedValuesAndTheRestartAfterAFault() async throws {
        let folder = try ScratchFolder()
        let script = folder.url.appendingPathComponent("simulation.conf")
        try """
        chip TMP102 on i2c-1 at 0x48
        join GPIO17 GPIO27
        at 0s tmp102-0x48 nak
        at 0s tmp102-0x48 temperature 40
        at 6s tmp102-0x48 ok
        at 10s tmp102-0x48 temperature 50
        """.write(to: script, atomically: true, encoding: .utf8)
        let process = try await EmulatorProcess.start(
            try Self.program("fwtool"), name: "fwtool",
            [
                "simulate", "--package-path", folder.url.path, "--executable", try Self.program("SimulatedStation"),
                "--json", "--log",
            ])
        do {
            try await Deadline.within(.seconds(500), "the sensors did not do what the script says") {
                func sensor(_ isExpected: (SensorStatus) -> Bool) async throws -> SensorStatus {
                    while true {
                        let report = try SensorReport(parsing: Array(try await process.output.nextLine().utf8))
                        if let sensor = report.sensors.first(where: { $0.id == "tmp102-0x48" }), isExpected(sensor) {
                            return sensor
                        }
                    }
                }
                // It failed, came back, and measures what the script says.
                let back = try await sensor { $0.state == .running && !$0.values.isEmpty }
                #expect(back.restarts >= 1)
                #expect(back.lastError?.contains("no device answers at address 0x48 on i2c-1") == true)
                #expect((back.counts?.errors ?? 0) >= 1)
                #expect([.number(40), .number(50)].contains(back.values[0].content))
                let warm = try await sensor { $0.values.first?.content == .number(50) }
                #expect(warm.restarts == back.restarts)
            }
        } catch {
            Issue.record("the app's log ended with:\n  \(process.errors.tail())")
            await process.stop()
            throw error
        }
        // The log is there as well, and the app stops in order.
        #expect(process.errors.text.contains("app/tmp102-0x48 failed: no device answers"))
        await process.stop()
        #expect(await process.exitStatus() == 0)
        #expect(process.errors.text.contains("apus: stopping on signal"))
    }

    @Test func aMistakeInTheScriptIsToldWithItsLine() throws {
        let folder = try ScratchFolder()
        let script = folder.url.appendingPathComponent("bad.conf")
        try "\nchip TMP999 on i2c-1 at 0x48\n".write(to: script, atomically: true, encoding: .utf8)
        let run = try FwtoolRun(
            "simulate", "--executable", try Self.program("SimulatedStation"), "--script", script.path, in: folder.url)
        #expect(run.status == 1)
        #expect(run.errors.contains("bad.conf, line 2: there is no simulated 'TMP999'; there are ADS1115"))
        let absent = try FwtoolRun(
            "simulate", "--executable", try Self.program("SimulatedStation"), "--script", "none.conf", in: folder.url)
        #expect(absent.status == 1 && absent.errors.contains("there is no file none.conf"))
    }

    @Test func theTableStandsAboveTheLog() {
        let log = (1...50).map { "line \($0)" }
        let screen = SimulationScreen.screen(["SENSOR", "a"], log, 6, 10)
        #expect(
            screen == "\u{1B}[H"
                + ["SENSOR", "a", "", "line 4", "line 4", "line 4", "line 4", "line 4", "line 5"]
                .map { "\($0)\u{1B}[K\r\n" }.joined() + "\u{1B}[J")
        // A terminal too small for either.
        #expect(SimulationScreen.screen(["SENSOR", "a", "b", "c"], log, 80, 3).contains("... 3 more lines"))
    }
}

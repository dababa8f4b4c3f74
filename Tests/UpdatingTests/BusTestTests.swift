import Foundation
import JSON
import Testing

@testable import apus

/// The self-test of a board's buses.
struct BusTestTests {
    @Test func whatHangsIsAFailureAndNoHang() {
        let end = DispatchSemaphore(value: 0)
        let hung = BusTest(name: "i2c-1", seconds: 1) {
            end.wait()
            return "never"
        }
        #expect(
            hung.run()
                == .init(name: "i2c-1", verdict: .failed, remark: "no answer within 1 s; its driver may hang"))
        end.signal()
    }

    @Test func verdictsAreWhatTheTestsSay() {
        struct Broken: Error, CustomStringConvertible { let description = "it is broken" }
        #expect(BusTest(name: "a") { "it is fine" }.run() == .init(name: "a", verdict: .ok, remark: "it is fine"))
        #expect(
            BusTest(name: "a") { throw Broken() }.run() == .init(name: "a", verdict: .failed, remark: "it is broken"))
        #expect(
            BusTest(name: "a") { throw BusTest.Skipped(reason: "in use") }.run()
                == .init(name: "a", verdict: .skipped, remark: "in use"))
    }

    @Test func testsWhatTheBoardHas() {
        let tests = BusTests.all(of: [
            "board": "rpi4", "gpio.label": "x", "gpio.lines": "58", "i2c.i2c-1": "/dev/null", "i2c.i2c-0": "/dev/null",
            "spi.spi0.0": "/dev/null", "serial.uart0": "/dev/null",
        ])
        #expect(tests.map(\.name) == ["gpio", "i2c-0", "i2c-1", "spi0.0", "uart0"])
        let results = tests.map { $0.run() }
        #expect(results.allSatisfy { $0.verdict == .failed })
        for (result, words) in zip(
            results.dropFirst(),
            ["it is not an I2C bus", "it is not an I2C bus", "it is not an SPI device", "it is not a serial port"])
        {
            #expect(result.remark.contains(words), "\(result)")
        }
        #expect(BusTests.all(of: [:]).isEmpty)
    }

    @Test func aFailedTestIsTheCommandsStatus() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("board-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try "i2c.i2c-1=/dev/null\n".write(to: file, atomically: true, encoding: .utf8)
        let run = try ApusRun("self-test", "--board", file.path)
        #expect(run.status == 30)
        #expect(run.output.hasPrefix("failed   i2c-1         cannot open the I2C bus /dev/null"))
        #expect(run.errors == "error: 1 of 1 tests failed\n")
        let json = try ApusRun("self-test", "--json", "--board", file.path)
        #expect(json.status == 30)
        #expect(
            try JSON(parsing: json.output.trimmingCharacters(in: .newlines)).arrayValue?.first?.objectValue?["verdict"]
                == .string("failed"))
        #expect(try ApusRun("self-test", "--board", "/nowhere").status == 1)
    }

    @Test func sensorsWithoutAnAppAreAnError() throws {
        let run = try ApusRun("sensors", "--socket", "/nowhere/sensors")
        #expect(run.status == 1)
        #expect(run.errors == "error: no sensors can be shown from /nowhere/sensors: the app does not run\n")
    }
}

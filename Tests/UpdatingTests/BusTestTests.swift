import Foundation
import Hardware
import JSON
import Testing

@testable import apus

/// The self-test of a board's buses.
struct BusTestTests {
    private let tree = SimulatedSysfs()

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
        let board = [
            "board": "rpi4", "gpio.label": "x", "gpio.lines": "58", "i2c.i2c-1": "/dev/null", "i2c.i2c-0": "/dev/null",
            "spi.spi0.0": "/dev/null", "serial.uart0": "/dev/null",
        ]
        let tests = BusTests.all(of: board, SysfsSurvey(simulated: tree))
        #expect(tests.map(\.name) == ["gpio", "i2c-0", "i2c-1", "spi0.0", "uart0"])
        let results = tests.map { $0.run() }
        #expect(results.allSatisfy { $0.verdict == .failed })
        for (result, words) in zip(
            results.dropFirst(),
            ["it is not an I2C bus", "it is not an I2C bus", "it is not an SPI device", "it is not a serial port"])
        {
            #expect(result.remark.contains(words), "\(result)")
        }
        #expect(BusTests.all(of: [:], SysfsSurvey(simulated: tree)).isEmpty)
    }

    /// As on every card that was made without the options.
    @Test func whatOnlySomeCardsHaveIsNoFailure() {
        let board = ["i2c.i2c-1": "/nowhere", "spi.spi0.0": "/nowhere", "serial.uart0": "/nowhere"]
        let results = BusTests.all(of: board, SysfsSurvey(simulated: tree)).map { $0.run() }
        #expect(results.map(\.verdict) == [.failed, .skipped, .skipped])
        #expect(results.dropFirst().allSatisfy { $0.remark.hasPrefix("/nowhere is not there; ") })
    }

    /// Of the kernel's devices, each as name, verdict and remark.
    private func kernelDevices() -> [[String]] {
        BusTests.all(of: [:], SysfsSurvey(simulated: tree)).map { $0.run() }
            .map { [$0.name, $0.verdict.rawValue, $0.remark] }
    }

    @Test func looksAtWhatTheKernelHas() async throws {
        tree.setThermometer(OneWireID(family: 0x28, serialNumber: 0xA1), celsius: 20)
        tree.setThermometer(OneWireID(family: 0x01, serialNumber: 0xB2), memory: [0, 0, 0, 0, 0, 0, 0, 0])
        tree.addPWM("pwmchip0", device: "fe20c000.pwm", channels: 2)
        _ = try await PWMOutput(channel: 1, of: "pwmchip0", on: Sysfs(simulated: tree))
        tree.addLED("ACT", maximumBrightness: 1)
        tree["class/leds/ACT/trigger"] = "heartbeat"
        #expect(
            kernelDevices() == [
                ["w1_bus_master1", "ok", "1-Wire: its search finds 2 devices"],
                ["28-0000000000a1", "ok", "1-Wire: a thermometer, the checksum of its memory is right"],
                ["pwmchip0", "ok", "PWM of fe20c000.pwm: 2 channels, 1 in use"],
                ["ACT", "ok", "LED: brightness 0 of 1, trigger heartbeat"],
            ])
    }

    @Test func whatTheKernelCannotReadIsAFailure() {
        tree.setThermometer(OneWireID(family: 0x28, serialNumber: 0xA1), celsius: 20)
        tree["bus/w1/devices/28-0000000000a1/w1_slave"] = "ff ff ff ff ff ff ff ff ff : crc=c9 NO"
        tree.addPWM("pwmchip0", device: "fe20c000.pwm", channels: 2)
        tree.script([.inputOutput], at: "class/pwm/pwmchip0/npwm")
        tree.addLED("ACT")
        tree["class/leds/ACT/brightness"] = "bright"
        let results = kernelDevices()
        #expect(results.map { $0[1] } == ["ok", "failed", "failed", "failed"])
        for (result, words) in zip(
            results.dropFirst(), ["has a wrong checksum", "Input/output error", "is not an integer but \"bright\""])
        {
            #expect(result[2].contains(words), "\(result)")
        }
    }

    @Test(arguments: [
        ("0", "", "skipped", "1-Wire: the kernel has not searched it yet"),
        ("1", "not found.", "ok", "1-Wire: its search finds 0 devices"),
        ("7", "00-ec0000000000\n10-0000000000a1", "failed", "finds 00-ec0000000000, which is no device but noise"),
    ]) func searchesOfA1WireBusAreJudged(searches: String, found: String, verdict: String, remark: String) {
        tree["bus/w1/devices/w1_bus_master1/w1_master_attempts"] = searches
        tree["bus/w1/devices/w1_bus_master1/w1_master_slaves"] = found
        let results = kernelDevices()
        #expect(results.map { $0[1] } == [verdict])
        #expect(results.allSatisfy { $0[2].contains(remark) }, "\(results)")
    }

    @Test func devicesThatCannotBeListedAreAFailure() {
        let results = BusTests.all(of: [:], SysfsSurvey(root: "/dev/null")).map { $0.run() }
        #expect(results.map(\.name) == ["1-wire", "pwm", "leds"])
        #expect(results.allSatisfy { $0.verdict == .failed && $0.remark.contains("cannot list /dev/null/") })
    }

    @Test func aFailedTestIsTheCommandsStatus() throws {
        let folder = try Scratch()
        defer { withExtendedLifetime(folder) {} }
        let board = try folder.write(Array("i2c.i2c-1=/dev/null\n".utf8), "board")
        let light = "\(folder.path)/class/leds/ACT"
        try FileManager.default.createDirectory(atPath: light, withIntermediateDirectories: true)
        for (name, content) in [("brightness", "1"), ("max_brightness", "255"), ("trigger", "none [mmc0]")] {
            try Data("\(content)\n".utf8).write(to: URL(fileURLWithPath: "\(light)/\(name)"))
        }
        let run = try ApusRun("self-test", "--board", board, "--sysfs", folder.path)
        #expect(run.status == 30)
        #expect(run.output.hasPrefix("failed   i2c-1         cannot open the I2C bus /dev/null"))
        #expect(run.output.hasSuffix("ok       ACT           LED: brightness 1 of 255, trigger mmc0\n"))
        #expect(run.errors == "error: 1 of 2 tests failed\n")
        let json = try ApusRun("self-test", "--json", "--board", board, "--sysfs", folder.path)
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

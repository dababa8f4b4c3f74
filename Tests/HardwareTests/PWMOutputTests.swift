import Testing

@testable import Hardware

struct PWMOutputTests {
    private let tree = SimulatedSysfs()
    private let sysfs: Sysfs
    private let folder = "class/pwm/pwmchip2/pwm1"

    init() throws {
        sysfs = try Sysfs(simulated: tree)
        tree.addPWM("pwmchip0", device: "other.pwm", channels: 1)
        tree.addPWM("pwmchip2", device: "fe20c000.pwm", channels: 2)
    }

    @Test(arguments: ["pwmchip2", "fe20c000.pwm"]) func controllersAreFoundByNameOrDevice(name: String) async throws {
        let output = try await PWMOutput(channel: 1, of: name, on: sysfs)
        try await output.set(frequency: 50, duty: 0.075)
        #expect(tree["\(folder)/period"] == "20000000")
        #expect(tree["\(folder)/duty_cycle"] == "1500000")
        #expect(tree["\(folder)/enable"] == "1")
        try await output.stop()
        #expect(tree["\(folder)/enable"] == "0")
        try await output.release()
        #expect(tree["\(folder)/enable"] == nil)
    }

    @Test func thePeriodMayGrowAndShrinkWhateverTheDuty() async throws {
        let output = try await PWMOutput(channel: 1, of: "pwmchip2", on: sysfs)
        for (period, duty) in [(1000, 1.0), (10, 1), (100_000, 0), (50, 0.5), (51, 1), (1, 1), (1, 0)] {
            try await output.set(period: .nanoseconds(period), duty: duty)
            #expect(tree["\(folder)/period"] == "\(period)")
            #expect(tree["\(folder)/duty_cycle"] == "\(Int((Double(period) * duty).rounded()))")
        }
    }

    @Test func aChannelThatACrashLeftIsTakenOverAndStopped() async throws {
        for polarity in [PWMOutput.Polarity.inversed, .normal, .inversed, .inversed] {
            let output = try await PWMOutput(channel: 1, of: "pwmchip2", polarity: polarity, on: sysfs)
            #expect(tree["\(folder)/enable"] == "0")
            #expect(tree["\(folder)/polarity"] == polarity.rawValue)
            try await output.set(frequency: 1000, duty: 1)
            #expect(tree["\(folder)/enable"] == "1")
        }
    }

    @Test func aFreshChannelCanBeInversed() async throws {
        let output = try await PWMOutput(channel: 1, of: "pwmchip2", polarity: .inversed, on: sysfs)
        #expect(tree["\(folder)/polarity"] == "inversed")
        #expect(tree["\(folder)/duty_cycle"] == "0")
        #expect(tree["\(folder)/enable"] == "0")
        for period in [20, 20_000_000] {
            try await output.set(period: .nanoseconds(period), duty: 1)
            #expect(tree["\(folder)/period"] == "\(period)")
            #expect(tree["\(folder)/duty_cycle"] == "\(period)")
        }
    }

    @Test func theSimulatedControllerRefusesAPolarityAsTheKernelDoes() async throws {
        let file = "\(folder)/polarity"
        try await sysfs.write("1", to: "class/pwm/pwmchip2/export")
        try await sysfs.write("normal", to: file)
        await #expect(throws: SysfsError.self) { try await sysfs.write("inversed", to: file) }
        try await sysfs.write("1000", to: "\(folder)/period")
        await #expect(throws: SysfsError.self) { try await sysfs.write("turned", to: file) }
        try await sysfs.write("1", to: "\(folder)/enable")
        await #expect(throws: SysfsError.self) { try await sysfs.write("inversed", to: file) }
        #expect(tree[file] == "normal")
        try await sysfs.write("0", to: "\(folder)/enable")
        try await sysfs.write("inversed", to: file)
    }

    @Test func whatThereIsNotIsRefused() async throws {
        let none = await #expect(throws: SysfsError.self) { try await PWMOutput(channel: 0, of: "pwmchip9", on: sysfs) }
        #expect(none?.description == "no device in simulated/class/pwm is pwmchip9: there is pwmchip0, pwmchip2")
        for channel in [-1, 2, .max] {
            let error = await #expect(throws: SysfsError.self) {
                try await PWMOutput(channel: channel, of: "pwmchip2", on: sysfs)
            }
            #expect(
                error?.description
                    == "simulated/class/pwm/pwmchip2: it has no channel \(channel), only 0 to 1")
        }
    }

    @Test(
        arguments: [
            (0, 0.5), (-1, 0.5), (.nan, 0.5), (.infinity, 0.5), (1e-300, 0.5), (1e300, 0.5), (50, -0.1), (50, 1.1),
            (50, .nan),
        ] as [(Double, Double)])
    func pulsesThatCannotBeAreRefused(frequency: Double, duty: Double) async throws {
        let output = try await PWMOutput(channel: 1, of: "pwmchip2", on: sysfs)
        await #expect(throws: SysfsError.self) { try await output.set(frequency: frequency, duty: duty) }
        #expect(tree["\(folder)/enable"] == "0")
    }

    @Test(arguments: [Duration.zero, .seconds(-1), .seconds(Int64.max), .seconds(5_000_000_000)])
    func periodsThatCannotBeAreRefused(period: Duration) async throws {
        let output = try await PWMOutput(channel: 1, of: "pwmchip2", on: sysfs)
        await #expect(throws: SysfsError.self) { try await output.set(period: period, duty: 0.5) }
    }
}

struct LEDTests {
    private let tree = SimulatedSysfs()
    private let sysfs: Sysfs

    init() throws {
        sysfs = try Sysfs(simulated: tree)
    }

    @Test func brightnessIsAShareOfTheMost() async throws {
        tree.addLED("ACT")
        let led = try await LED("ACT", on: sysfs)
        for (brightness, level) in [(1.0, "255"), (0.5, "128"), (0.001, "1"), (0, "0")] {
            try await led.set(brightness)
            #expect(tree["class/leds/ACT/brightness"] == level)
        }
        for brightness in [-0.1, 1.1, .nan, .infinity] {
            await #expect(throws: SysfsError.self) { try await led.set(brightness) }
        }
    }

    @Test func triggersTakeAndGiveTheLight() async throws {
        tree.addLED("ACT", maximumBrightness: 1)
        let led = try await LED("ACT", on: sysfs)
        var (active, known) = try await led.triggers()
        #expect(active == "none" && known == ["none", "timer", "heartbeat"])
        try await led.blink(on: .milliseconds(100), off: .milliseconds(1900))
        #expect(tree["class/leds/ACT/delay_on"] == "100")
        #expect(tree["class/leds/ACT/delay_off"] == "1900")
        (active, known) = try await led.triggers()
        #expect(active == "timer" && known == ["none", "timer", "heartbeat"])
        try await led.set(1)
        #expect(try await led.triggers().active == "none")
        #expect(tree["class/leds/ACT/brightness"] == "1")
        let error = await #expect(throws: SysfsError.self) { try await led.setTrigger("mmc7") }
        #expect(
            error?.description
                == "simulated/class/leds/ACT: it has no trigger \"mmc7\", only none, timer, heartbeat")
    }

    @Test func lightsThereAreNotAreNamed() async throws {
        #expect(try await LED.names(on: sysfs) == [])
        tree.addLED("PWR")
        tree.addLED("ACT")
        #expect(try await LED.names(on: sysfs) == ["ACT", "PWR"])
        let error = await #expect(throws: SysfsError.self) { try await LED("led0", on: sysfs) }
        #expect(error?.description == "no device in simulated/class/leds is led0: there is ACT, PWR")
    }

    @Test(arguments: [("", "none"), ("[]", "none"), ("a [b] c", "b"), ("[a", "none"), ("none", "none")])
    func oddListsOfTriggersAreRead(text: String, active: String) {
        #expect(LED.triggers(text).active == active)
    }
}

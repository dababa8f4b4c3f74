import Testing

@testable import Apus

/// What does not measure on a bus: stores and outputs, what is at lines and serial ports, and the kernel's own devices.
extension SimulatedWorldTests {
    /// Runs a driver that speaks by itself until it has said what is wanted.
    private func listen<Driver: EventDriver>(
        _ driver: Driver, until isDone: (Measurement) throws -> Bool
    ) async throws -> [Measurement] {
        let (stream, continuation) = AsyncStream.makeStream(of: Measurement.self)
        let device = try await driver.open()
        let listener = Task {
            defer { continuation.finish() }
            try await driver.run(device) { continuation.yield($0) }
        }
        var measurements: [Measurement] = []
        for await measurement in stream {
            measurements.append(measurement)
            if try isDone(measurement) { break }
        }
        listener.cancel()
        _ = await listener.result
        return measurements
    }

    private func number(_ name: String, in measurements: [Measurement]) -> Double {
        guard case .number(let number)? = measurements.last(where: { $0.quantity.name == name })?.value else {
            return .nan
        }
        return number
    }

    @Test func chipsThatAreNoSensorsWorkToo() async throws {
        let (world, board) = try world(
            """
            chip MAX31865 on spi0.0
            at 1s max31865-spi0.0 ratio 0.3
            chip MCP23017 on i2c-1 at 0x20
            at 1s mcp23017-0x20 level-b2 1
            chip AT24C on i2c-1 at 0x50
            chip DS1338 on i2c-1 at 0x68
            chip PCA9552 on i2c-1 at 0x60
            chip PCA9685 on i2c-1 at 0x40
            at 2s at24c-0x50 nak
            at 2s ds1338-0x68 nak
            at 2s pca9552-0x60 nak
            at 2s pca9685-0x40 nak
            """)
        world.advance(to: .seconds(1))
        let bus = board.i2c("i2c-1")
        let resistance = try await sample(MAX31865(on: board.spi("spi0.0")))["resistance"] ?? .nan
        #expect(abs(resistance - 120) < 0.1)
        let lines = try await MCP23017(on: bus, inputs: [10, 11]).open()
        #expect(try await lines.levels() == 1 << 10)
        let memory = try await AT24C(on: bus, size: .c02).open()
        try await memory.write([1, 2, 3], at: 250)
        #expect(try await memory.read(5, at: 249) == [0xFF, 1, 2, 3, 0xFF])
        // 2026-01-01T00:00:00Z.
        #expect(try await sample(DS1338(on: bus)) == ["time": 1_767_225_600])
        let lights = try await PCA9552(on: bus).open()
        try await lights.set(5, to: .on)
        #expect(try await lights.levels() == 0xFFDF)
        let outputs = try await PCA9685(on: bus).open()
        try await outputs.set(3, duty: 0.5)
        #expect(try await bus.open().write([6 + 4 * 3], thenRead: 4, at: 0x40) == [0, 0, 0, 8])

        world.advance(to: .seconds(2))
        await #expect(throws: I2CError.self) { try await memory.read(1, at: 0) }
        await #expect(throws: I2CError.self) { try await sample(DS1338(on: bus)) }
        await #expect(throws: I2CError.self) { try await lights.levels() }
        await #expect(throws: I2CError.self) { try await outputs.set(3, duty: 1) }
    }

    @Test func aReceiverSaysWhereItIs() async throws {
        let (world, board) = try world(
            """
            chip NMEAGPS on uart0 as gps
            at 1s gps latitude -33.8568
            at 1s gps longitude 151.2153
            at 1s gps altitude -12.5
            at 1s gps velocity 5
            at 1s gps course 1.5
            at 2s gps fix 0
            """)
        world.advance(to: .seconds(1))
        var names: Set<String> = []
        let measurements = try await listen(NMEAGPS(on: board.serial("uart0"))) { measurement in
            names.insert(measurement.quantity.name)
            // When it has told everything it loses its fix.
            if names.count == 7 { world.advance(to: .seconds(2)) }
            return measurement.value == .bool(false)
        }
        #expect(measurements.contains { $0.quantity == .fix && $0.value == .bool(true) })
        #expect(abs(number("latitude", in: measurements) + 33.8568) < 1e-6)
        #expect(abs(number("longitude", in: measurements) - 151.2153) < 1e-6)
        #expect(number("altitude", in: measurements) == -12.5)
        #expect(abs(number("velocity", in: measurements) - 5) < 0.01)
        #expect(abs(number("course", in: measurements) - 1.5) < 0.001)
        #expect(number("satellites", in: measurements) == 8)
        #expect(measurements.last?.quantity == .fix)
    }

    @Test func pulsesAreAllThereAndLeaveTheLineAsItWas() throws {
        let (world, board) = try world(
            """
            at 1s GPIO5 pulses 10 20Hz
            at 10s GPIO6 high
            at 20s GPIO6 pulses 1000 1Hz
            at 30s GPIO6 low
            """)
        let open = try board.line("GPIO5").openInput(bias: .pullUp, edges: .falling)
        let driven = try board.line("GPIO6").openInput(bias: .pullDown, edges: .both)
        #expect(world.advance(to: .zero) == .seconds(1))
        #expect(world.advance(to: .seconds(1)) == .milliseconds(1025))
        #expect(try !open.level())
        #expect(open.statistics.received == 1)
        #expect(world.advance(to: .milliseconds(1240)) == .milliseconds(1250))
        #expect(open.statistics.received == 5)
        #expect(world.advance(to: .seconds(9)) == .seconds(10))
        #expect(open.statistics.received == 10)
        #expect(try open.level())
        // From the other side, and ended before their time.
        #expect(world.advance(to: .seconds(25)) == .milliseconds(25_500))
        #expect(try !driven.level())
        #expect(driven.statistics.received == 12)
        #expect(world.advance(to: .seconds(60)) == nil)
        #expect(driven.statistics.received == 22)
        #expect(try !driven.level())
    }

    @Test func pulsesAreCounted() async throws {
        let (world, board) = try world("at 1s GPIO5 pulses 10 20Hz")
        let counter = PulseCounter(on: board.line("GPIO5"), every: .milliseconds(20))
        let measurements = try await listen(counter) { measurement in
            world.advance(to: .seconds(10))
            guard measurement.quantity == .count, case .number(let count) = measurement.value else { return false }
            return count >= 10
        }
        #expect(number("count", in: measurements) == 10)
    }

    @Test func aKnobIsTurnedForthAndBack() async throws {
        let (world, board) = try world(
            """
            chip RotaryEncoder on GPIO5 GPIO6 as knob
            at 1s knob position 3
            at 2s knob position -2
            """)
        let knob = RotaryEncoder(a: board.line("GPIO5"), b: board.line("GPIO6"))
        var isTurned = false
        let measurements = try await listen(knob) { measurement in
            // At first it says where it stands.
            if !isTurned { world.advance(to: .seconds(1)) }
            isTurned = true
            if measurement.value == .number(3) { world.advance(to: .seconds(2)) }
            return measurement.value == .number(-2)
        }
        let expected: [Double] = [0, 1, 2, 3, 2, 1, 0, -1, -2]
        #expect(measurements.map(\.value) == expected.map { Reading.Value.number($0) })
    }

    @Test func anEchoAnswersItsTrigger() async throws {
        let (world, board) = try world(
            """
            chip HCSR04 on GPIO23 GPIO24
            at 1s hcsr04-GPIO24 length 0.5
            at 2s hcsr04-GPIO24 length 5
            at 3s hcsr04-GPIO24 length 2 over 10s
            at 20s hcsr04-GPIO24 absent
            """)
        let ranger = HCSR04(trigger: board.line("GPIO23"), echo: board.line("GPIO24"))
        let device = try ranger.open()
        let course: [(second: Int, metres: Double?)] = [(0, 1), (1, 0.5), (2, nil), (8, 3.5), (13, 2)]
        for (second, metres) in course {
            world.advance(to: .seconds(second))
            let measurements = try await ranger.sample(device)
            guard let metres else {
                #expect(measurements.isEmpty, "nothing reflects")
                continue
            }
            #expect(abs(number("length", in: measurements) - metres) < 1e-6)
        }
        world.advance(to: .seconds(20))
        await #expect(throws: SensorError.self) { try await ranger.sample(device) }
    }

    @Test func sensorsOfTheKernelMeasureWhatTheScriptSays() async throws {
        let (world, board) = try world(
            """
            kernel hwmon cpu_thermal temp1
            kernel hwmon lm75 at 1-0048 temp1
            kernel iio bmp280 at 1-0076 pressure temp as barometer
            at 1s cpu_thermal temp1 60.125
            at 1s lm75-1-0048 temp1 -5
            at 1s barometer pressure 100000
            at 2s cpu_thermal absent
            at 3s cpu_thermal ok
            """)
        let processor = KernelSensorDriver(.hwmon, "cpu_thermal", on: board.sysfs)
        #expect(try await sample(processor) == ["temperature": 0])
        world.advance(to: .seconds(1))
        #expect(try await sample(processor) == ["temperature": 60.125])
        let thermometer = KernelSensorDriver(
            .hwmon, adding: KernelSensorDriver.NewI2CDevice("lm75", bus: 1, address: 0x48), on: board.sysfs)
        #expect(try await sample(thermometer) == ["temperature": -5])
        let barometer = KernelSensorDriver(.iio, "bmp280", at: "1-0076", on: board.sysfs)
        #expect(try await sample(barometer) == ["pressure": 100_000, "temperature": 0])
        world.advance(to: .seconds(2))
        await #expect(throws: SysfsError.self) { try await sample(processor) }
        world.advance(to: .seconds(3))
        #expect(try await sample(processor) == ["temperature": 60.125])
    }

    @Test func lightsAndPWMAreTheBoardsOwn() async throws {
        let (_, board) = try world("led ACT\npwm fe20c000.pwm 2")
        let sysfs = try board.sysfs.open()
        #expect(try await LED.names(on: sysfs) == ["ACT"])
        let light = try await LED("ACT", on: sysfs)
        try await light.set(0.5)
        #expect(try await sysfs.read("class/leds/ACT/brightness") == "128")
        let servo = try await PWMOutput(channel: 1, of: "fe20c000.pwm", on: sysfs)
        try await servo.set(frequency: 50, duty: 0.1)
        #expect(try await sysfs.read("class/pwm/pwmchip0/pwm1/duty_cycle") == "2000000")
        await #expect(throws: SysfsError.self) { try await PWMOutput(channel: 2, of: "fe20c000.pwm", on: sysfs) }
    }

    /// What a script does not name is nowhere, whatever this machine has.
    @Test func aSimulatedBoardHasNothingOfThisMachine() async throws {
        let (_, board) = try world("")
        let sysfs = try board.sysfs.open()
        #expect(sysfs.root == "simulated")
        #expect(try await LED.names(on: sysfs) == [])
        await #expect(throws: SysfsError.self) { try await PWMOutput(channel: 0, of: "pwmchip0", on: sysfs) }
        let error = await #expect(throws: SysfsError.self) {
            try await sample(KernelSensorDriver(.hwmon, "cpu_thermal", on: board.sysfs))
        }
        #expect(error?.description == "no device in simulated/class/hwmon is cpu_thermal: there is none")
        await #expect(throws: (any Error).self) { try await sample(DS18B20(on: board.sysfs)) }
    }
}

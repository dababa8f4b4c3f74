import Glibc
import Supervision
import Testing
import Threads

@testable import Hardware
@testable import Sensors

/// Drivers of what the kernel itself reads.
@Suite(.timeLimit(.minutes(10)))
struct KernelDriverTests {
    private let fixture = Fixture()
    private let tree = SimulatedSysfs()
    private var port: SysfsPort { SysfsPort(simulated: tree) }
    private let first = OneWireID(family: 0x28, serialNumber: 0xA1)
    private let second = OneWireID(family: 0x22, serialNumber: 0xB2)

    // DS18B20 datasheet 19-7487 rev. 6, table 1.
    @Test(
        arguments: [
            (0x07D0, 125), (0x0550, 85), (0x0191, 25.0625), (0x00A2, 10.125), (0x0008, 0.5), (0x0000, 0),
            (0xFFF8, -0.5),
            (0xFF5E, -10.125), (0xFE6F, -25.0625), (0xFC90, -55),
        ] as [(UInt16, Double)])
    func readsTheTemperatureRegister(raw: UInt16, celsius: Double) {
        #expect(DS18B20.celsius(memory(raw, reserved: 0x10)) == celsius)
    }

    @Test func fewerBitsLeaveTheRestUndefined() {
        // 25.0625 degrees with all that is undefined set; configuration by figure 10: 9, 10, 11, 12 bits.
        for (configuration, celsius) in [(0x1F, 25.5), (0x3F, 25.75), (0x5F, 25.875), (0x7F, 25.9375)]
            as [(UInt8, Double)]
        {
            var memory = memory(0x019F, reserved: 0x01)
            memory[4] = configuration
            #expect(DS18B20.celsius(memory) == celsius)
        }
    }

    // The kernel's drivers/w1/slaves/w1_therm.c, W1_THERM_CHECK_RESULT.
    @Test func the85DegreesOfAColdStartAndThe128OfAWeakSupplyAreNone() {
        #expect(DS18B20.celsius(memory(0x0550, reserved: 0x0C)) == nil)
        #expect(DS18B20.celsius(memory(0x07FF, reserved: 0x0C)) == nil)
        #expect(DS18B20.celsius(memory(0x07FF, reserved: 0x01)) == 127.9375)
        #expect(DS18B20.celsius(memory(0x0551, reserved: 0x0C)) == 85.0625)
        #expect(DS18B20.celsius([]) == nil)
        #expect(DS18B20.celsius([1, 2, 3]) == nil)
    }

    private func memory(_ raw: UInt16, reserved: UInt8) -> [UInt8] {
        [UInt8(raw & 0xFF), UInt8(raw >> 8), 0x4B, 0x46, 0x7F, 0xFF, reserved, 0x10, 0x00]
    }

    @Test(arguments: [-55, -10.125, 0, 25.0625, 84.9375, 85, 125] as [Double])
    func theOnlyThermometerNeedsNoName(celsius: Double) async throws {
        tree.setThermometer(first, celsius: celsius)
        let driver = DS18B20(on: port)
        #expect(driver.id == "ds18b20")
        let measurements = try await driver.sample(driver.open())
        #expect(measurements == [Measurement(.temperature, .number(celsius))])
    }

    @Test func severalThermometersAreNamed() async throws {
        let none = await #expect(throws: SensorError.self) { try await DS18B20(on: port).open() }
        #expect(none?.description.contains("has 0 thermometers; check the wiring") == true)
        tree.setThermometer(first, celsius: 1)
        tree.setThermometer(second, celsius: 2)
        tree.setThermometer(OneWireID(family: 0x01, serialNumber: 3), memory: [0, 0, 0, 0, 0, 0, 0, 0])
        let two = await #expect(throws: SensorError.self) { try await DS18B20(on: port).open() }
        #expect(
            two?.description.contains("has 2 thermometers; name one of 22-0000000000b2, 28-0000000000a1") == true)
        let driver = DS18B20(on: port, chip: second)
        #expect(driver.id == "ds18b20-22-0000000000b2")
        #expect(try await driver.sample(driver.open())[0].value == .number(2))
        let absent = OneWireID(family: 0x28, serialNumber: 9)
        await #expect(throws: OneWireError.self) { try await DS18B20(on: port, chip: absent).open() }
        let other = OneWireID(family: 0x10, serialNumber: 1)
        await #expect(throws: SensorError.self) { try await DS18B20(on: port, chip: other).open() }
    }

    @Test func aThermometerThatIsUnpluggedComesBack() async throws {
        tree.setThermometer(first, celsius: 20)
        let sensor = Sensor(
            DS18B20(on: port, chip: first), every: .seconds(1), into: fixture.readings, clock: fixture.clock)
        try await fixture.run([sensor.childSpec]) { () async throws in
            #expect(try await fixture.nextReading().value == .number(20))
            tree.remove("bus/w1/devices/\(first)")
            await fixture.clock.sleepers(atLeast: 1)
            fixture.clock.advance(by: .seconds(1))
            let events = try await fixture.events(3)
            #expect(
                events[1].hasPrefix(
                    "root/ds18b20-28-0000000000a1 failed: no device 28-0000000000a1 is on the 1-Wire bus: there is none"
                ))
            tree.setThermometer(first, celsius: 21)
            fixture.clock.advance(by: .seconds(1))
            #expect(try await fixture.nextReading().value == .number(21))
        }
    }

    @Test func aSensorOfTheKernelIsReadByName() async throws {
        for (name, content) in [
            ("name", "tmp421"), ("temp1_input", "21000"), ("temp2_input", "-3000"), ("in0_input", "3300"),
        ] { tree["class/hwmon/hwmon1/\(name)"] = content }
        tree.link("class/hwmon/hwmon1/device", to: "1-004c")
        let driver = KernelSensorDriver(.hwmon, "tmp421", at: "1-004c", on: port)
        #expect(driver.id == "hwmon-tmp421-1-004c")
        let device = try await driver.open()
        #expect(
            try await driver.sample(device) == [
                Measurement(.voltage, .number(3.3)), Measurement(.temperature.of("1"), .number(21)),
                Measurement(.temperature.of("2"), .number(-3)),
            ])
        let voltage = KernelSensorDriver(.hwmon, "tmp421", kinds: [.voltage], on: port)
        #expect(voltage.id == "hwmon-tmp421")
        #expect(try await voltage.sample(voltage.open()) == [Measurement(.voltage, .number(3.3))])
        let error = await #expect(throws: SensorError.self) {
            try await KernelSensorDriver(.hwmon, "tmp421", kinds: [.pressure], on: port).open()
        }
        #expect(error?.description.contains("no channel of the kinds wanted") == true)
        await #expect(throws: SysfsError.self) { try await KernelSensorDriver(.iio, "tmp421", on: port).open() }
    }

    @Test func whatTheKernelCollectsBecomesReadingsUntilTheDeviceIsGone() async throws {
        for (name, content) in [
            ("name", "adxl345"), ("in_accel_x_raw", "0"), ("in_accel_y_raw", "0"), ("in_accel_scale", "0.5"),
            ("buffer/enable", "0"), ("buffer/length", "2"), ("scan_elements/in_accel_x_en", "0"),
            ("scan_elements/in_accel_x_index", "0"), ("scan_elements/in_accel_x_type", "le:s8/8>>0"),
            ("scan_elements/in_accel_y_en", "0"), ("scan_elements/in_accel_y_index", "1"),
            ("scan_elements/in_accel_y_type", "le:s8/8>>0"),
        ] { tree["bus/iio/devices/iio:device0/\(name)"] = content }
        var template = Array("/tmp/iio.XXXXXX".utf8CString)
        let nodes = String(cString: try #require(mkdtemp(&template)))
        let node = "\(nodes)/iio:device0"
        #expect(mkfifo(node, 0o600) == 0)
        defer {
            remove(node)
            remove(nodes)
        }
        let driver = KernelCapture("adxl345", kinds: [.acceleration], on: port, nodes: nodes)
        #expect(driver.id == "capture-adxl345")
        let sensor = Sensor(driver, into: fixture.readings, clock: fixture.clock)
        // Before each start: without a writer a pipe is a device that is gone.
        var pipe = open(node, O_RDWR | O_NONBLOCK)
        defer { close(pipe) }
        try await fixture.run([sensor.childSpec]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/capture-adxl345 started")
            for restart in 1...2 {
                #expect(write(pipe, [2, 0xFC] as [UInt8], 2) == 2)
                let readings = [try await fixture.nextReading(), try await fixture.nextReading()]
                #expect(readings.map(\.quantity.name) == ["acceleration-x", "acceleration-y"])
                #expect(readings.map(\.value) == [.number(1), .number(-2)])
                #expect(readings[0].monotonicTime == readings[1].monotonicTime)
                #expect(tree["bus/iio/devices/iio:device0/buffer/enable"] == "1")
                close(pipe)
                #expect(try await fixture.nextEvent().hasPrefix("root/capture-adxl345 failed: "))
                // The device had stopped before that was told.
                #expect(tree["bus/iio/devices/iio:device0/buffer/enable"] == "0")
                _ = try await fixture.nextEvent()
                await fixture.clock.sleepers(atLeast: 1)
                pipe = open(node, O_RDWR | O_NONBLOCK)
                fixture.clock.advance(by: .seconds(60))
                #expect(
                    try await fixture.nextEvent() == "root/capture-adxl345 started again, restart \(restart)")
            }
        }
        #expect(tree["bus/iio/devices/iio:device0/buffer/enable"] == "0")
    }

    @Test func aChipIsGivenToTheKernelAtTheStart() async throws {
        tree.onWrite("bus/i2c/devices/i2c-1/new_device") { tree, text in
            guard text == "lm75 0x49" else { return "Invalid argument" }
            guard tree["bus/i2c/devices/1-0049/name"] == nil else { return "Device or resource busy" }
            tree["bus/i2c/devices/1-0049/name"] = "lm75"
            tree["class/hwmon/hwmon0/name"] = "lm75"
            tree["class/hwmon/hwmon0/temp1_input"] = "25500"
            tree.link("class/hwmon/hwmon0/device", to: "1-0049")
            return nil
        }
        let driver = KernelSensorDriver(.hwmon, adding: .init("lm75", bus: 1, address: 0x49), on: port)
        #expect(driver.id == "hwmon-lm75-1-0049")
        for _ in 0..<2 {
            #expect(try await driver.sample(driver.open()) == [Measurement(.temperature, .number(25.5))])
        }
    }

    /// The kernel's driver asks for it once, when it is told of it.
    @Test(arguments: [true, false]) func aChipThatWasAbsentIsFoundLater(isTold: Bool) async throws {
        let isThere = Lock(false)
        let probe: @Sendable (SimulatedSysfs) -> Void = { tree in
            guard isThere.withLock({ $0 }) else { return }
            tree.link("bus/i2c/devices/1-0049/driver", to: "lm75")
            tree["class/hwmon/hwmon0/name"] = "lm75"
            tree["class/hwmon/hwmon0/temp1_input"] = "25500"
            tree.link("class/hwmon/hwmon0/device", to: "1-0049")
        }
        tree["bus/i2c/devices/i2c-1/name"] = "bcm2835 (i2c@7e804000)"
        tree.onWrite("bus/i2c/devices/i2c-1/new_device") { tree, _ in
            tree["bus/i2c/devices/1-0049/name"] = "lm75"
            probe(tree)
            return nil
        }
        // Without a driver on purpose, perhaps.
        tree["bus/i2c/devices/1-0068/name"] = "ds1338"
        let probes = Lock<[String]>([])
        tree.onWrite("bus/i2c/drivers_probe") { tree, text in
            probes.withLock { $0.append(text) }
            probe(tree)
            return nil
        }
        let driver =
            isTold
            ? KernelSensorDriver(.hwmon, adding: .init("lm75", bus: 1, address: 0x49), on: port)
            : KernelSensorDriver(.hwmon, "lm75", on: port)
        if !isTold { tree["bus/i2c/devices/1-0049/name"] = "lm75" }
        try await KernelDevice.$probePause.withValue(.zero) { () async throws in
            for _ in 0..<2 { await #expect(throws: SysfsError.self) { try await driver.open() } }
            isThere.withLock { $0 = true }
            #expect(try await driver.sample(driver.open()) == [Measurement(.temperature, .number(25.5))])
        }
        #expect(probes.withLock { $0 } == ["1-0049", "1-0049", "1-0049"])
    }

    @Test func whatTheKernelCallsAPartBecomesPartOfAName() async throws {
        for (name, content) in [
            ("name", "it"), ("in_voltage0_supply_raw", "1000"), ("in_voltage1-voltage2_raw", "2000"),
            ("in_velocity_sqrt(x^2+y^2)_input", "3"), ("in_velocity_x_input", "4"), ("in_intensity_both_raw", "5"),
        ] { tree["bus/iio/devices/iio:device0/\(name)"] = content }
        let driver = KernelSensorDriver(.iio, "it", on: port)
        let measurements = try await driver.sample(driver.open())
        let expected: Set<Quantity> = [
            .voltage.of("0-supply"), .voltage.of("1-voltage2"), .velocity.of("sqrt-x-2-y-2"), .velocity.of("x"),
            Quantity("intensity", unit: "count"),
        ]
        #expect(Set(measurements.map(\.quantity)) == expected)
    }

    @Test func everyKindHasAQuantity() {
        let quantities = KernelSensor.Kind.allCases.map { Quantity($0) }
        #expect(Set(quantities.map(\.name)).count == quantities.count)
        for quantity in quantities { #expect(quantity.unit != nil) }
    }
}

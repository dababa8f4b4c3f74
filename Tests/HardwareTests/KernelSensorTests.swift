import Testing

@testable import Hardware

struct KernelSensorTests {
    private let tree = SimulatedSysfs()
    private let sysfs: Sysfs

    init() throws {
        sysfs = try Sysfs(simulated: tree)
    }

    private func add(_ folder: String, device: String? = nil, _ files: [String: String]) {
        for (name, content) in files { tree["\(folder)/\(name)"] = content }
        if let device { tree.link("\(folder)/device", to: device) }
    }

    // Documentation/hwmon/sysfs-interface.rst: the units of the files.
    @Test func hwmonIsReadInUnitsOfSI() async throws {
        add(
            "class/hwmon/hwmon3", device: "1-0040",
            [
                "name": "ina219", "temp1_input": "-12250", "in0_input": "11904", "curr1_input": "-250",
                "power1_input": "2976000", "energy1_input": "5", "humidity1_input": "47250", "fan2_input": "1500",
                "freq1_input": "600000000", "in0_label": "vin", "temp1_max": "80000", "update_interval": "1000",
                "temp_input": "1", "intrusion0_input": "1", "uevent": "",
            ])
        let sensor = try await KernelSensor.hwmon("ina219", on: sysfs)
        let channels = sensor.channels
        #expect(
            channels.map(\.kind) == [
                .current, .energy, .rotation, .frequency, .humidity, .voltage, .power, .temperature,
            ])
        #expect(channels.map(\.part) == ["1", "1", "2", "1", "1", "0", "1", "1"])
        let expected: [Double] = [-0.25, 5e-6, 25, 6e8, 47.25, 11.904, 2.976, -12.25]
        for (value, expected) in zip(try await sensor.read(channels), expected) {
            #expect(abs(value - expected) < abs(expected) * 1e-12)
        }
        #expect(try await sensor.read([]) == [])
    }

    @Test func aSensorThatIsBrokenIsAFailure() async throws {
        add("class/hwmon/hwmon0", ["name": "tmp421", "temp2_input": "0", "temp2_fault": "1"])
        let sensor = try await KernelSensor.hwmon("tmp421", on: sysfs)
        let error = await #expect(throws: SysfsError.self) { try await sensor.read(sensor.channels) }
        #expect(error?.description.contains("broken or not connected") == true)
        tree["class/hwmon/hwmon0/temp2_fault"] = "0"
        #expect(try await sensor.read(sensor.channels) == [0])
        tree["class/hwmon/hwmon0/temp2_input"] = "warm"
        await #expect(throws: SysfsError.self) { try await sensor.read(sensor.channels) }
        tree.remove("class/hwmon/hwmon0")
        await #expect(throws: SysfsError.self) { try await sensor.read(sensor.channels) }
    }

    /// What is in the folder of IIO's devices are links to below the chip, and there is no link `device`.
    @Test func devicesOfIIOAreToldApartByTheirChip() async throws {
        for (number, chip) in ["1-0076", "2-0076"].enumerated() {
            let folder = "bus/iio/devices/iio:device\(number)"
            add(folder, ["name": "dps310", "in_temp_input": "\(number)000"])
            tree.link(folder, to: "../../../devices/platform/soc/i2c-x/\(chip)/iio:device\(number)")
        }
        let sensor = try await KernelSensor.iio("dps310", at: "2-0076", on: sysfs)
        #expect(try await sensor.read(sensor.channels) == [1])
        let error = await #expect(throws: SysfsError.self) {
            try await KernelSensor.iio("dps310", at: "3-0076", on: sysfs)
        }
        #expect(error?.description.contains("dps310 at 1-0076") == true)
    }

    @Test func namesAreToldApartByDevice() async throws {
        let error = await #expect(throws: SysfsError.self) { try await KernelSensor.hwmon("lm75", on: sysfs) }
        #expect(error?.description == "no device in simulated/class/hwmon is lm75: there is none")
        add("class/hwmon/hwmon0", device: "1-0048", ["name": "lm75", "temp1_input": "1000"])
        add("class/hwmon/hwmon1", device: "1-0049", ["name": "lm75", "temp1_input": "2000"])
        add("class/hwmon/hwmon2", ["name": "cpu_thermal", "temp1_input": "3000"])
        let second = try await KernelSensor.hwmon("lm75", at: "1-0049", on: sysfs)
        #expect(try await second.read(second.channels) == [2])
        let first = try await KernelSensor.hwmon("lm75", on: sysfs)
        #expect(try await first.read(first.channels) == [1])
        let absent = await #expect(throws: SysfsError.self) {
            try await KernelSensor.hwmon("lm75", at: "1-004a", on: sysfs)
        }
        #expect(
            absent?.description == "no device in simulated/class/hwmon is lm75 at 1-004a: "
                + "there is lm75 at 1-0048, lm75 at 1-0049, cpu_thermal")
    }

    // Documentation/ABI/testing/sysfs-bus-iio: value = (raw + offset) * scale, in the ABI's unit.
    @Test func iioIsScaledAndShifted() async throws {
        add(
            "bus/iio/devices/iio:device0", device: "1-0076",
            [
                "name": "bmp280", "in_temp_input": "22450", "in_temp_raw": "1", "in_pressure_input": "100.853125000",
                "in_temp_oversampling_ratio": "2", "dev": "254:0", "sampling_frequency": "25",
            ])
        let barometer = try await KernelSensor.iio("bmp280", on: sysfs)
        #expect(barometer.channels.map(\.kind) == [.pressure, .temperature])
        #expect(try await barometer.read(barometer.channels) == [100_853.125, 22.45])
        add(
            "bus/iio/devices/iio:device1",
            [
                "name": "mcp3008", "in_voltage0_raw": "512", "in_voltage1_raw": "1023",
                "in_voltage_scale": "3.222656250",
                "in_voltage1_scale": "1", "in_voltage0-voltage1_raw": "-2", "in_voltage-voltage_scale": "2",
                "in_temp_raw": "-9876", "in_temp_scale": "2.5", "in_temp_offset": "100",
                "in_magn_x_raw": "-1100", "in_magn_scale": "0.000909", "in_accel_z_raw": "16384",
                "in_accel_scale": "0.000598", "in_concentration_co2_raw": "400", "in_concentration_co2_scale": "0.0001",
                "in_intensity_both_raw": "5", "out_voltage0_raw": "7", "in_voltage0_label": "x", "in_raw": "1",
                "in__raw": "1", "in_voltage0_filter_raw_available": "1",
            ])
        let converter = try await KernelSensor.iio("mcp3008", at: "iio:device1", on: sysfs)
        var values: [String: Double] = [:]
        for (channel, value) in zip(converter.channels, try await converter.read(converter.channels)) {
            values["\(channel.kind)-\(channel.part)"] = value
        }
        let expected = [
            "voltage-0": 1.65, "voltage-1": 1.023, "voltage-0-voltage1": -0.004, "temperature-": -24.44,
            "magneticField-x": -0.9999e-4, "acceleration-z": 9.797632, "concentration-co2": 0.0004,
        ]
        #expect(Set(values.keys) == Set(expected.keys))
        for (name, value) in expected { #expect(abs((values[name] ?? .nan) - value) < abs(value) * 1e-9, "\(name)") }
    }

    @Test func aTriggerIsNoSensor() async throws {
        add("bus/iio/devices/trigger0", ["name": "bmp280-dev0"])
        add("bus/iio/devices/iio:device0", ["name": "bmp280"])
        #expect(try await KernelSensor.iio("bmp280", on: sysfs).channels.isEmpty)
    }

    @Test(arguments: [
        "", "in_", "in_raw", "_raw", "in__raw", "in_temp", "temp_raw", "out_voltage0_raw", "in_tempx_raw",
        "in_volt0_raw",
        "in_voltage0_raw_", "IN_VOLTAGE0_RAW",
    ])
    func otherFilesAreNoChannels(file: String) {
        #expect(IIOFile(file) == nil)
        #expect(KernelSensor.hwmonChannel(file, among: []) == nil)
    }

    @Test func chipsAreMadeKnownToTheKernelOnce() async throws {
        tree.onWrite("bus/i2c/devices/i2c-1/new_device") { tree, text in
            guard text == "lm75 0x48" else { return "Invalid argument" }
            guard tree["bus/i2c/devices/1-0048/name"] == nil else { return "Device or resource busy" }
            tree["bus/i2c/devices/1-0048/name"] = "lm75"
            return nil
        }
        for _ in 0..<2 {
            #expect(try await KernelDevice.addI2C("lm75", at: 0x48, bus: 1, on: sysfs) == "1-0048")
        }
        await #expect(throws: SysfsError.self) { try await KernelDevice.addI2C("lm75", at: 0x49, bus: 1, on: sysfs) }
        await #expect(throws: SysfsError.self) { try await KernelDevice.addI2C("lm75", at: 0x48, bus: 2, on: sysfs) }
    }
}

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

    // The same: power meters of servers and processors tell an average only.
    @Test func anAverageIsTakenWhereThereIsNoPresentValue() async throws {
        add(
            "class/hwmon/hwmon0",
            [
                "name": "power_meter", "power1_average": "2976000", "power1_average_highest": "9000000",
                "power1_average_interval": "1000", "power1_average_max": "1", "power2_average": "1",
                "power2_input": "5000000", "in1_average": "11904", "in1_fault": "0",
            ])
        let sensor = try await KernelSensor.hwmon("power_meter", on: sysfs)
        #expect(sensor.channels.map(\.kind) == [.voltage, .power, .power])
        #expect(sensor.channels.map(\.part) == ["1", "1", "2"])
        #expect(try await sensor.read(sensor.channels) == [11.904, 2.976, 5])
        tree["class/hwmon/hwmon0/in1_fault"] = "1"
        await #expect(throws: SysfsError.self) { try await sensor.read(sensor.channels) }
    }

    @Test func aDeviceOfWhichNothingIsKnownIsAnError() async throws {
        add(
            "class/hwmon/hwmon0",
            ["name": "odd", "smell1_input": "1", "noise2_average": "2", "temp1_max": "80000", "intrusion0_alarm": "0"])
        let odd = await #expect(throws: SysfsError.self) { try await KernelSensor.hwmon("odd", on: sysfs) }
        #expect(
            odd?.description == "simulated/class/hwmon/hwmon0: nothing of what it measures is of a known kind; "
                + "read its files with Sysfs: noise2_average, smell1_input")
        add(
            "bus/iio/devices/iio:device0",
            ["name": "imu", "in_rot_quaternion_raw": "0 0 0 1", "in_rot_scale": "1", "out_voltage0_raw": "1"])
        let imu = await #expect(throws: SysfsError.self) { try await KernelSensor.iio("imu", on: sysfs) }
        #expect(imu?.description.contains("with Sysfs: in_rot_quaternion_raw") == true)
        // Beside a known one it is left out.
        tree["bus/iio/devices/iio:device0/in_temp_input"] = "21000"
        let both = try await KernelSensor.iio("imu", on: sysfs)
        #expect(both.channels.map(\.kind) == [.temperature])
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
            "intensity-both": 5,
        ]
        #expect(Set(values.keys) == Set(expected.keys))
        for (name, value) in expected { #expect(abs((values[name] ?? .nan) - value) < abs(value) * 1e-9, "\(name)") }
    }

    /// The nearest counts.
    @Test(
        arguments: [
            (["scale": "2"], 1.0), (["scale": "2", "in_scale": "4"], 2),
            (["scale": "2", "in_scale": "4", "in_voltage_scale": "8"], 4), (["out_scale": "2"], 0.5),
            (["offset": "500", "scale": "2"], 2),
        ] as [([String: String], Double)])
    func scalesOfAllChannelsCount(files: [String: String], volts: Double) async throws {
        add(
            "bus/iio/devices/iio:device0",
            files.merging(["name": "adc", "in_voltage0_raw": "500"]) { file, _ in file })
        let converter = try await KernelSensor.iio("adc", on: sysfs)
        #expect(try await converter.read(converter.channels) == [volts])
    }

    // Documentation/ABI/testing/sysfs-bus-iio: names and units ("What:" and "Description:").
    @Test(
        arguments: [
            ("in_temp_ambient_raw", "21500", .temperature, "ambient", 21.5),
            ("in_voltage0_supply_raw", "3300", .voltage, "0_supply", 3.3),
            ("in_current1_raw", "-250", .current, "1", -0.25), ("in_power3_raw", "1500", .power, "3", 1.5),
            ("in_energy_input", "42", .energy, "", 42), ("in_resistance0_raw", "47", .resistance, "0", 47),
            ("in_capacitance0_raw", "100", .capacitance, "0", 1e-7),
            ("in_capacitance0-capacitance1_raw", "-2", .capacitance, "0-capacitance1", -2e-9),
            ("in_electricalconductivity_raw", "0.05", .conductivity, "", 0.05),
            ("in_humidityrelative_input", "47250", .humidity, "", 47.25),
            ("in_pressure0_raw", "101.325", .pressure, "0", 101_325), ("in_ph_raw", "7.4", .acidity, "", 7.4),
            ("in_concentration_voc_raw", "0.5", .concentration, "voc", 0.005),
            ("in_massconcentration_pm1_input", "4", .massConcentration, "pm1", 4e-9),
            ("in_massconcentration_pm2p5_input", "12.5", .massConcentration, "pm2p5", 12.5e-9),
            ("in_massconcentration0_pm10_input", "20", .massConcentration, "0_pm10", 20e-9),
        ] as [(String, String, KernelSensor.Kind, String, Double)])
    func typesOfElectricityAndAirAreInUnitsOfSI(
        file: String, text: String, kind: KernelSensor.Kind, part: String, value: Double
    ) async throws {
        try await expect(file, text, kind, part, value)
    }

    @Test(
        arguments: [
            ("in_accel_linear_x_raw", "9.80665", .acceleration, "linear_x", 9.80665),
            ("in_gravity_z_raw", "-9.80665", .gravity, "z", -9.80665), ("in_distance_input", "1.5", .distance, "", 1.5),
            ("in_velocity_sqrt(x^2+y^2+z^2)_input", "1.2", .velocity, "sqrt(x^2+y^2+z^2)", 1.2),
            ("in_deltavelocity_y_raw", "0.1", .velocityChange, "y", 0.1),
            ("in_anglvel_x_raw", "0.5", .angularVelocity, "x", 0.5), ("in_angl0_raw", "3", .angle, "0", 3),
            ("in_deltaangl_x_raw", "0.01", .angleChange, "x", 0.01), ("in_phase2_raw", "1", .phase, "2", 1),
            ("in_incli_x_raw", "-90", .inclination, "x", -Double.pi / 2),
            ("in_rot_yaw_raw", "180", .orientation, "yaw", Double.pi),
            ("in_rot_pitch_raw", "45", .orientation, "pitch", Double.pi / 4),
            ("in_rot_roll_raw", "0", .orientation, "roll", 0), ("in_steps_input", "1234", .steps, "", 1234),
            ("in_positionrelative_x_raw", "25000", .relativePosition, "x", 0.25),
            ("in_activity_walking_input", "80", .activity, "walking", 0.8), ("in_count0_raw", "-7", .count, "0", -7),
            ("in_index0_raw", "1", .index, "0", 1),
        ] as [(String, String, KernelSensor.Kind, String, Double)])
    func typesOfMotionAreInUnitsOfSI(
        file: String, text: String, kind: KernelSensor.Kind, part: String, value: Double
    ) async throws {
        try await expect(file, text, kind, part, value)
    }

    @Test(
        arguments: [
            ("in_illuminance_clear_raw", "300", .illuminance, "clear", 300),
            ("in_intensity_ir_raw", "77", .intensity, "ir", 77), ("in_intensity0_uv_raw", "8", .intensity, "0_uv", 8),
            ("in_intensity_red_raw", "9", .intensity, "red", 9), ("in_intensity_x_raw", "5e6", .irradiance, "x", 5e-3),
            ("in_uvindex_input", "6", .ultravioletIndex, "", 6),
            ("in_colortemp_raw", "5500", .colorTemperature, "", 5500),
            ("in_chromaticity_y_raw", "0.33", .chromaticity, "y", 0.33),
            ("in_proximity_raw", "300", .proximity, "", 300), ("in_proximity_input", "0.3", .distance, "", 0.3),
        ] as [(String, String, KernelSensor.Kind, String, Double)])
    func typesOfLightAreInUnitsOfSI(
        file: String, text: String, kind: KernelSensor.Kind, part: String, value: Double
    ) async throws {
        try await expect(file, text, kind, part, value)
    }

    /// A device with one channel.
    private func expect(
        _ file: String, _ text: String, _ kind: KernelSensor.Kind, _ part: String, _ value: Double
    ) async throws {
        add("bus/iio/devices/iio:device0", ["name": "it", file: text])
        let sensor = try await KernelSensor.iio("it", on: sysfs)
        #expect(sensor.channels.map(\.kind) == [kind])
        #expect(sensor.channels.map(\.part) == [part])
        let found = try await sensor.read(sensor.channels)
        #expect(abs((found.first ?? .nan) - value) <= abs(value) * 1e-12, "\(found)")
    }

    /// "Often these sensors are unit less"; those that are not have a scale, and are in metres with it.
    @Test func proximityWithAScaleIsADistance() async throws {
        add(
            "bus/iio/devices/iio:device0",
            ["name": "vl53l0x", "in_proximity_raw": "1250", "in_proximity_scale": "0.001"])
        let sensor = try await KernelSensor.iio("vl53l0x", on: sysfs)
        #expect(sensor.channels.map(\.kind) == [.distance])
        #expect(try await sensor.read(sensor.channels) == [1.25])
    }

    @Test func aTriggerIsNoSensor() async throws {
        add("bus/iio/devices/trigger0", ["name": "bmp280-dev0"])
        add("bus/iio/devices/iio:device0", ["name": "bmp280"])
        #expect(try await KernelSensor.iio("bmp280", on: sysfs).channels.isEmpty)
    }

    @Test(arguments: [
        "", "in_", "in_raw", "_raw", "in__raw", "in_temp", "temp_raw", "out_voltage0_raw", "in_tempx_raw",
        "in_volt0_raw",
        "in_voltage0_raw_", "IN_VOLTAGE0_RAW", "in_rot_quaternion_raw", "in_rot_from_north_true_raw",
        "in_temp_peak_raw",
        "in_humidityrelative_trough_raw", "in_anglvel_z_quadrature_correction_raw", "out_altvoltage0_raw",
        "intrusion0_alarm", "power1_average_highest", "power1_average_interval", "pwm1_input",
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

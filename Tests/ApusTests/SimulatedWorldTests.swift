import Testing

@testable import Apus

/// What a script does to the chips, by the drivers that read them.
@Suite(.timeLimit(.minutes(10)))
struct SimulatedWorldTests {
    func world(_ text: String) throws -> (SimulatedWorld, Board) {
        let world = try SimulatedWorld(try SimulationParser.parse(text, file: "f"))
        return (world, Board(name: "simulated", config: Configuration(), ports: world.ports))
    }

    func sample(_ driver: some PolledDriver) async throws -> [String: Double] {
        let device = try await driver.open()
        var values: [String: Double] = [:]
        for measurement in try await driver.sample(device) {
            if case .number(let number) = measurement.value { values[measurement.quantity.name] = number }
        }
        return values
    }

    @Test func valuesAndFaultsComeAndGo() async throws {
        let (world, board) = try world(
            """
            chip TMP102 on i2c-1 at 0x48
            at 10s tmp102-0x48 temperature 40
            at 20s tmp102-0x48 nak
            at 30s tmp102-0x48 ok
            at 40s tmp102-0x48 temperature 60 over 10s
            """)
        let driver = TMP102(on: board.i2c("i2c-1"), address: 0x48)
        #expect(world.advance(to: .zero) == .seconds(10))
        #expect(try await sample(driver) == ["temperature": 21])
        #expect(world.advance(to: .seconds(10)) == .seconds(20))
        #expect(try await sample(driver) == ["temperature": 40])
        #expect(world.advance(to: .seconds(20)) == .seconds(30))
        for _ in 1...3 { await #expect(throws: I2CError.self) { try await sample(driver) } }
        world.advance(to: .seconds(30))
        #expect(try await sample(driver) == ["temperature": 40])
        #expect(world.advance(to: .seconds(45)) == .milliseconds(45_100))
        #expect(try await sample(driver) == ["temperature": 50])
        #expect(world.advance(to: .seconds(50)) == nil)
        #expect(try await sample(driver) == ["temperature": 60])
    }

    @Test func shortAnswersComeAndGo() async throws {
        let (world, board) = try world(
            "chip TMP102 on i2c-1 at 0x48\nat 1s tmp102-0x48 short 1\nat 2s tmp102-0x48 ok")
        let driver = TMP102(on: board.i2c("i2c-1"), address: 0x48)
        #expect(try await sample(driver) == ["temperature": 21])
        world.advance(to: .seconds(1))
        let error = SensorError.shortAnswer(sensor: "TMP102 at 0x48 on i2c-1", expected: 2, found: 1)
        await #expect(throws: error) { try await sample(driver) }
        world.advance(to: .seconds(2))
        #expect(try await sample(driver) == ["temperature": 21])
    }

    /// As a cell does that is started late.
    @Test func whoComesLateFindsItAsItIs() async throws {
        let (world, board) = try world(
            """
            chip TMP102 on i2c-1 at 0x48
            at 1s tmp102-0x48 temperature 30
            at 2s tmp102-0x48 nak
            at 3s tmp102-0x48 ok
            at 4s GPIO5 high
            """)
        #expect(world.advance(to: .seconds(100)) == nil)
        #expect(try await sample(TMP102(on: board.i2c("i2c-1"), address: 0x48)) == ["temperature": 30])
        let line = try board.line("PIN29").openInput(InputOptions())
        #expect(try line.level())
    }

    @Test func linesAreDrivenAndJoined() throws {
        let (world, board) = try world("join GPIO17 GPIO27\nat 1s GPIO5 high\nat 2s GPIO5 open")
        let output = try board.line("GPIO17").openOutput(initial: true)
        let joined = try board.line("PIN13").openInput(InputOptions())
        let driven = try board.line("GPIO5").openInput(InputOptions(bias: .pullDown))
        #expect(try joined.level() && !driven.level())
        world.advance(to: .seconds(1))
        #expect(try driven.level())
        world.advance(to: .seconds(2))
        #expect(try !driven.level())
        try output.set(false)
        #expect(try !joined.level())
    }

    @Test func faultsOfTheOtherBusesComeAndGoToo() async throws {
        let (world, board) = try world(
            """
            chip MAX31855 on spi0.0 as adc
            chip DS18B20 on w1 at 28-0316a2794fff as wire
            chip PMS5003 on uart0 as dust
            at 1s adc stuck 0x00
            at 1s wire absent
            at 1s dust absent
            at 2s adc ok
            at 2s wire temperature 33
            at 3s wire ok
            at 3s dust ok
            """)
        let (adc, wire) = (MAX31855(on: board.spi("spi0.0")), DS18B20(on: board.sysfs))
        let dust = PMS5003(on: board.serial("uart0"), warmUp: .zero)
        #expect(try await sample(adc)["temperature"] == 20)
        #expect(try await sample(wire) == ["temperature": 21])
        let (values, continuation) = AsyncStream.makeStream(of: Measurement.self)
        let open = try dust.open()
        let listener = Task { try await dust.run(open) { continuation.yield($0) } }
        for await value in values {
            #expect(value.value == .number(5e-9))
            break
        }
        world.advance(to: .seconds(1))
        // Unplugged.
        await #expect(throws: (any Error).self) { try await listener.value }
        #expect(throws: (any Error).self) { try dust.open() }
        await #expect(throws: SensorError.self) { try await sample(adc) }
        await #expect(throws: (any Error).self) { try await sample(wire) }
        world.advance(to: .seconds(2))
        #expect(try await sample(adc)["temperature"] == 20)
        await #expect(throws: (any Error).self) { try await sample(wire) }
        world.advance(to: .seconds(3))
        #expect(try await sample(wire) == ["temperature": 33])
        _ = try dust.open()
    }

    /// Every chip is set from the script and read by its driver.
    @Test func everyChipMeasuresWhatTheScriptSays() async throws {
        let (world, board) = try world(
            """
            chip TMP102 on i2c-1 at 0x40
            at 1s tmp102-0x40 temperature 30
            chip TMP105 on i2c-1 at 0x41
            at 1s tmp105-0x41 temperature 30
            chip LM75 on i2c-1 at 0x42
            at 1s lm75-0x42 temperature 30
            chip MCP9808 on i2c-1 at 0x18
            at 1s mcp9808-0x18 temperature 30
            chip TMP421 on i2c-1 at 0x4c
            at 1s tmp421-0x4c temperature 30
            at 1s tmp421-0x4c temperature-1 31
            chip EMC1413 on i2c-2 at 0x4c
            at 1s emc1413-0x4c temperature-2 32
            chip SHT3x on i2c-1 at 0x44
            at 1s sht3x-0x44 temperature 30
            at 1s sht3x-0x44 humidity 60
            chip SHT4x on i2c-2 at 0x44
            at 1s sht4x-0x44 humidity 60
            chip BME280 on i2c-1 at 0x76
            at 1s bme280-0x76 pressure 100000
            chip BMP280 on i2c-2 at 0x76
            at 1s bmp280-0x76 temperature 30
            chip DPS310 on i2c-1 at 0x77
            at 1s dps310-0x77 temperature 30
            chip BH1750 on i2c-1 at 0x23
            at 1s bh1750-0x23 illuminance 1000
            chip VEML7700 on i2c-1 at 0x10
            at 1s veml7700-0x10 illuminance 1000
            chip INA219 on i2c-2 at 0x40
            at 1s ina219-0x40 voltage 12
            chip ADS1115 on i2c-2 at 0x48
            at 1s ads1115-0x48 voltage-a2 1.5
            chip DS3231 on i2c-1 at 0x68
            at 1s ds3231-0x68 temperature 30
            chip LSM303DLHC on i2c-1 at 0x1e
            at 1s lsm303dlhc-0x1e magnetic-field-y 0.00003
            chip MCP3008 on spi0.0
            at 1s mcp3008-spi0.0 voltage-3 1.65
            chip MAX31855 on spi0.1
            at 1s max31855-spi0.1 temperature 500
            chip PCA9548 on i2c-1 at 0x70 as mux
            chip TMP105 on mux:5 at 0x48 as hidden
            at 1s hidden temperature 33
            chip DS18B20 on w1 at 28-0316a2794fff as wire
            at 1s wire temperature 30
            """)
        world.advance(to: .seconds(1))
        let (one, two) = (board.i2c("i2c-1"), board.i2c("i2c-2"))
        func expect(_ name: String, _ value: Double, _ driver: some PolledDriver) async throws {
            let found = try await sample(driver)
            #expect(abs((found[name] ?? .nan) - value) <= abs(value) * 0.01, "\(driver.id): \(found)")
        }
        try await expect("temperature", 30, TMP102(on: one, address: 0x40))
        try await expect("temperature", 30, TMP105(on: one, address: 0x41))
        try await expect("temperature", 30, LM75(on: one, address: 0x42))
        try await expect("temperature", 30, MCP9808(on: one, address: 0x18))
        try await expect("temperature-1", 31, TMP421(on: one, address: 0x4C))
        try await expect("temperature-2", 32, EMC1413(on: two, address: 0x4C))
        try await expect("humidity", 60, SHT3x(on: one, address: 0x44))
        try await expect("humidity", 60, SHT4x(on: two, address: 0x44))
        try await expect("pressure", 100_000, BME280(on: one, address: 0x76))
        try await expect("temperature", 30, BMP280(on: two, address: 0x76))
        try await expect("temperature", 30, DPS310(on: one, address: 0x77))
        try await expect("illuminance", 1000, BH1750(on: one, address: 0x23))
        try await expect("illuminance", 1000, VEML7700(on: one))
        try await expect("voltage", 12, INA219(on: two, address: 0x40))
        try await expect("voltage-a2", 1.5, ADS1115(on: two, address: 0x48, inputs: [.a2]))
        try await expect("temperature", 30, DS3231(on: one))
        try await expect("magnetic-field-y", 3e-5, LSM303DLHC(on: one))
        try await expect("voltage-3", 1.65, MCP3008(on: board.spi("spi0.0"), inputs: [.single(3)]))
        try await expect("temperature", 500, MAX31855(on: board.spi("spi0.1")))
        try await expect("temperature", 33, TMP105(on: I2CMux(on: one, address: 0x70)[5], address: 0x48))
        try await expect("temperature", 30, DS18B20(on: board.sysfs))
    }
}

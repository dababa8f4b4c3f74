import Testing

@testable import Apus

@Suite(.timeLimit(.minutes(10)))
struct BoardTests {
    private func board(_ values: [String: String]) -> Board {
        Board(config: Configuration(values))
    }

    @Test func itIsNamedByItsConfiguration() {
        let board = board(["board": "rpi4", "device": "shed"])
        #expect(board.name == "rpi4")
        #expect(board.device == "shed")
    }

    @Test func busesAreFoundByName() {
        let board = board(["board": "rpi4", "i2c.i2c-1": "/dev/no-such-bus", "i2c.i2c-0": "/dev/none"])
        #expect(board.i2c("i2c-1") === board.i2c("i2c-1"))
        #expect(board.i2c("i2c-1") !== board.i2c("i2c-0"))
        let error = #expect(throws: I2CError.self) { try board.i2c("i2c-1").open() }
        #expect(error?.description.hasPrefix("cannot open the I2C bus /dev/no-such-bus") == true)
    }

    @Test(arguments: [
        (["board": "rpi4", "i2c.i2c-1": "/dev/i2c-1"], "the board rpi4 has no I2C bus i2c-9, only i2c-1"),
        (["board": "virt"], "the board virt has no I2C bus i2c-9, nor any other"),
    ]) func aBusItLacksFailsWhoOpensIt(values: [String: String], message: String) {
        let port = board(values).i2c("i2c-9")
        let error = #expect(throws: (any Error).self) { try port.open() }
        #expect(error.map { "\($0)" } == message)
    }

    @Test func allOnABusShareTheOptionsThatWereGivenFirst() async throws {
        let board = try Board.simulated(config: Configuration())
        let port = board.i2c("i2c-1")
        #expect(board.i2c("i2c-1", options: I2COptions(retries: 2)) === port)
        #expect(board.i2c("i2c-1", options: I2COptions(retries: 2)) === port)
        let other = board.i2c("i2c-1", options: I2COptions(retries: 3))
        let error = #expect(throws: (any Error).self) { try other.open() }
        #expect(
            error.map { "\($0)" }
                == "the I2C bus i2c-1 has other options already, which all who use it share; "
                + "give it the same everywhere, before anything opens it")
        let bus = try port.open()
        // Nobody is there.
        await #expect(throws: I2CError.noAcknowledge(bus: "i2c-1", address: 0x10)) { try await bus.read(1, from: 0x10) }
        #expect(bus.statistics.retries == 2)
        #expect(try board.i2c("i2c-1").open() === bus)
    }

    @Test func optionsForABusThatWasOpenedWithoutComeTooLate() throws {
        let board = try Board.simulated(config: Configuration())
        _ = try board.i2c("i2c-1").open()
        #expect(throws: (any Error).self) { try board.i2c("i2c-1", options: I2COptions(retries: 1)).open() }
        #expect(board.i2c("i2c-1", options: I2COptions()) === board.i2c("i2c-1"))
    }

    @Test func aBusThatCouldNotBeOpenedStillTakesOptions() throws {
        let board = board(["i2c.i2c-1": "/dev/no-such-bus"])
        let port = board.i2c("i2c-1")
        #expect(throws: I2CError.self) { try port.open() }
        #expect(board.i2c("i2c-1", options: I2COptions(retries: 1)) === port)
    }

    @Test func chipSelectsAndSerialPortsAreFoundByName() {
        let board = board(["spi.spi0.0": "/dev/no-such-chip", "serial.uart0": "/dev/no-such-port", "serial": "WS-1"])
        let spi = #expect(throws: (any Error).self) { try board.spi("spi0.0").open(SPISettings(speed: 1_000_000)) }
        #expect(spi.map { "\($0)".contains("/dev/no-such-chip") } == true)
        let serial = #expect(throws: (any Error).self) {
            try board.serial("uart0").open(SerialSettings(baudRate: 9600), framing: .line(maximum: 80))
        }
        #expect(serial.map { "\($0)".contains("/dev/no-such-port") } == true)
    }

    @Test func chipSelectsAndSerialPortsItLacksFailWhoOpensThem() {
        let board = board(["board": "rpi4", "spi.spi0.0": "/dev/spidev0.0"])
        let spi = #expect(throws: (any Error).self) { try board.spi("spi1.0").open(SPISettings(speed: 1_000_000)) }
        #expect(spi.map { "\($0)" } == "the board rpi4 has no SPI chip select spi1.0, only spi0.0")
        let serial = #expect(throws: (any Error).self) {
            try board.serial("uart0").open(SerialSettings(baudRate: 9600), framing: .line(maximum: 80))
        }
        #expect(serial.map { "\($0)" } == "the board rpi4 has no serial port uart0, nor any other")
    }

    @Test func linesAreOffsetsOfTheLabelledChip() {
        let pin = board(["gpio.label": "no such chip"]).line("GPIO17")
        #expect(pin.name == "GPIO17")
        let error = #expect(throws: GPIOError.self) { try pin.openInput(bias: .asIs, edges: .none) }
        #expect(error?.description.hasPrefix("no GPIO chip is labelled \"no such chip\"") == true)
    }

    @Test(arguments: ["GPIO", "17", "gpio17", "GPIO-1", "GPIO+1", "GPIO1x", "GPIO99999999999999999999", "GPIO٣"])
    func aNameOfNoLineFailsWhoOpensIt(name: String) {
        let pin = board(["gpio.label": "chip"]).line(name)
        #expect(throws: GPIOError.noLineNamed(name)) { try pin.openOutput(initial: false) }
    }

    @Test func anEmptyNameFailsWhoOpensIt() {
        let pin = board(["gpio.label": "chip"]).line("")
        let error = #expect(throws: (any Error).self) { try pin.openOutput(initial: false) }
        #expect(
            error.map { "\($0)" }
                == "the name of a GPIO line is empty, which should be one like GPIO17, PIN11 or CHIP:17")
    }

    @Test func aBoardWithoutGPIOFailsWhoOpensALine() {
        for name in ["GPIO17", "PIN11"] {
            let pin = board(["board": "bare"]).line(name)
            #expect(throws: GPIOError.noBoardChip) { try pin.openOutput(initial: false) }
        }
    }

    @Test func linesAreFoundByHeaderPin() throws {
        let header = ["gpio.label": "no such chip", "gpio.header": "3:2,5:3"]
        let error = #expect(throws: GPIOError.self) { try board(header).line("PIN5").openOutput(initial: false) }
        #expect(error?.description.hasPrefix("no GPIO chip is labelled \"no such chip\"") == true)
        #expect(throws: GPIOError.noHeaderPin(6, known: [3, 5])) {
            try board(header).line("PIN6").openOutput(initial: false)
        }
        let simulated = try Board.simulated(config: Configuration())
        let output = try simulated.line("PIN13").openOutput(initial: true)
        #expect(try simulated.line("PIN11").openInput(bias: .asIs, edges: .none).level())
        #expect(try output.level())
    }

    @Test func linesOfOtherChipsAreFoundByLabel() {
        let error = #expect(throws: GPIOError.self) {
            try board([:]).line("no such chip:3").openOutput(initial: false)
        }
        #expect(error?.description.hasPrefix("no GPIO chip is labelled \"no such chip\"") == true)
    }

    @Test func theSimulatedBoardHasAThermometerAndTwoLinesWiredTogether() async throws {
        let board = try Board.simulated(config: Configuration())
        let driver = TMP102(on: board.i2c("i2c-1"))
        let measurement = try await driver.sample(try driver.open())[0]
        guard case .number(let celsius) = measurement.value else {
            Issue.record("no number: \(measurement)")
            return
        }
        #expect((18.9...23.1).contains(celsius))
        let output = try board.line("GPIO27").openOutput(initial: true)
        let input = try board.line("GPIO17").openInput(bias: .pullUp, edges: .none)
        #expect(try input.level())
        try output.set(false)
        #expect(try !input.level())
    }
}

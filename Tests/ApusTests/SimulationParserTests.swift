import Foundation
import Testing

@testable import Apus

struct SimulationParserTests {
    private func reason(_ text: String) -> String? {
        do {
            _ = try SimulationParser.parse(text, file: "f")
            return nil
        } catch {
            return error.description
        }
    }

    @Test func readsAWholeBoard() throws {
        let script = try SimulationParser.parse(
            """
            # a comment, and an empty line

            chip tmp102 on i2c-1 at 0x48      # another
            chip PCA9548 on i2c-1 at 0x70 as mux
            \tchip BME280 on mux:3 at 118 as attic\r
            chip MCP3008 on spi0.0
            chip PMS5003 on uart0
            chip DS18B20 on w1 at 28-0316a2794fff
            join GPIO17 GPIO27
            at 20s tmp102-0x48 ok
            at 10s tmp102-0x48 nak
            at 1min attic pressure 100000 over 30s
            at 0s attic temperature sine 20 2.5 60s
            at 500ms GPIO5 high
            at 1h mcp3008-spi0.0 stuck 0xFF
            at 10s tmp102-0x48 bit-error 0 7
            """, file: "f")
        #expect(
            script.chips.map(\.id) == [
                "tmp102-0x48", "mux", "attic", "mcp3008-spi0.0", "pms5003-uart0", "ds18b20-28-0316a2794fff",
            ])
        #expect(script.chips[2].place == .channel(multiplexer: "mux", 3, 0x76))
        #expect(script.joints == [.init(first: 17, second: 27)])
        #expect(
            script.steps.map(\.time) == [
                .zero, .milliseconds(500), .seconds(10), .seconds(10), .seconds(20), .seconds(60), .seconds(3600),
            ])
        guard case .fault(0, .absent) = script.steps[2].change,
            case .fault(0, .bitError(0, 7)) = script.steps[3].change,
            case .value(2, 1, .ramp(100_000, .seconds(30))) = script.steps[5].change,
            case .value(2, 0, .sine(20, 2.5, .seconds(60))) = script.steps[0].change
        else {
            Issue.record("\(script.steps)")
            return
        }
    }

    @Test func readsWhatIsOnLinesAndInTheKernel() throws {
        let script = try SimulationParser.parse(
            """
            chip HCSR04 on GPIO23 GPIO24
            chip rotaryencoder on GPIO5 GPIO6 as knob
            kernel hwmon tmp421 at 1-004c temp1 temp2
            kernel iio bmp280 pressure temp as barometer
            led ACT
            pwm fe20c000.pwm 2
            at 1s GPIO17 pulses 100 20Hz
            at 2s tmp421-1-004c temp2 30
            at 3s barometer absent
            """, file: "f")
        #expect(script.chips.map(\.id) == ["hcsr04-GPIO24", "knob", "tmp421-1-004c", "barometer"])
        #expect(script.chips[0].place == .lines(23, 24))
        #expect(script.chips[2].place == .kernel(.hwmon, name: "tmp421", device: "1-004c"))
        #expect(script.chips[3].model.quantities.map(\.name) == ["pressure", "temp"])
        #expect(script.lights == ["ACT"])
        #expect(script.pwms == [.init(device: "fe20c000.pwm", channels: 2)])
        guard case .pulses(17, 100, .milliseconds(25)) = script.steps[0].change,
            case .value(2, 1, .constant(30)) = script.steps[1].change, case .fault(3, .absent) = script.steps[2].change
        else {
            Issue.record("\(script.steps)")
            return
        }
    }

    @Test func theReferenceAppsBoardIsOneAndInTheDocuments() throws {
        let checkout = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        func text(_ path: String) throws -> String {
            try String(contentsOf: checkout.appendingPathComponent(path), encoding: .utf8)
        }
        let board = try text("Firmware/WeatherStation/simulation.conf")
        #expect(try SimulationParser.parse(board, file: "f").chips.count == 2)
        #expect(try text("docs/simulation.md").contains("```\n\(board)```"))
    }

    @Test func theDocumentsExamplesAreBoards() throws {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs/simulation.md")
        let blocks = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "```\n")
            .filter { $0.hasPrefix("chip ") || $0.hasPrefix("# What there is.") }
        #expect(blocks.count == 2)
        for block in blocks { #expect(reason(block) == nil) }
    }

    /// The table of models names them all.
    @Test func theDocumentsNameEveryModel() throws {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs/simulation.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        for model in SimulatedModel.all {
            #expect(text.contains(model.name), "\(model.name)")
            for quantity in model.quantities where model.quantities.count <= 3 && !quantity.name.contains("field") {
                #expect(text.contains("`\(quantity.name)`"), "\(quantity.name)")
            }
        }
    }

    @Test func theStandardBoardIsOne() throws {
        let script = try SimulationParser.parse(SimulationScript.standard, file: "f")
        #expect(script.chips.map(\.id) == ["tmp102-0x48"])
        #expect(script.joints.count == 1)
    }

    @Test(arguments: [
        ("frob", "'frob' is none of chip, kernel, led, pwm, join and at"),
        ("chip", "the name of a chip is missing at the end"),
        ("chip TMP103 on i2c-1 at 0x48", "there is no simulated 'TMP103'; there are ADS1115, "),
        ("chip TMP102", "'on' is missing at the end"),
        ("chip TMP102 in i2c-1", "'on' is expected in place of 'in'"),
        ("chip TMP102 on i2c-1", "'at' is missing at the end"),
        ("chip TMP102 on i2c-1 at", "an address is missing at the end"),
        ("chip TMP102 on i2c-1 at 0x78", "'0x78' is not an address from 8 to 119"),
        ("chip TMP102 on i2c-1 at -1", "'-1' is not an address"),
        ("chip TMP102 on i2c-1 at 99999999999999999999", "is not an address"),
        ("chip TMP102 on i2c-1 at 0x48 as", "a name for the chip is missing"),
        ("chip TMP102 on i2c-1 at 0x48 as GPIO3", "'GPIO3' is the name of a line"),
        ("chip TMP102 on i2c-1 at 0x48 as a b", "'b' is one word too many"),
        ("chip TMP102 on i2c-1 at 0x48\nchip LM75 on i2c-1 at 72", "tmp102-0x48 is at that place"),
        ("chip TMP102 on i2c-1 at 0x48\nchip TMP102 on i2c-2 at 0x48", "there is a tmp102-0x48 already"),
        ("chip TMP102 on mux:0 at 0x48", "there is no multiplexer mux before this line"),
        ("chip TMP102 on i2c-1 at 0x48 as a\nchip TMP102 on a:0 at 0x48", "there is no multiplexer a"),
        ("chip PCA9548 on i2c-1 at 0x70 as m\nchip TMP102 on m:8 at 0x48", "the channels 0 to 7"),
        ("chip DS18B20 on i2c-1 at 0x48", "a DS18B20 is on w1"),
        ("chip DS18B20 on w1 at 28", "'28' is no number of a 1-Wire device"),
        ("join GPIO1", "a line, such as GPIO17 is missing"),
        ("join GPIO1 GPIO1", "a line cannot be joined to itself"),
        ("join GPIO1 GPIO58", "'GPIO58' is no line; they are GPIO0 to GPIO57"),
        ("join GPIO1 GPIO99999999999999999999", "is no line"),
        ("join GPIO1 GPIO2\njoin GPIO3 GPIO2", "GPIO2 is joined already"),
        ("at", "a time is missing"),
        ("at 10 GPIO1 high", "'10' is not a time, which is one like 500ms"),
        ("at -1s GPIO1 high", "'-1s' is not a time"),
        ("at nans GPIO1 high", "'nans' is not a time"),
        ("at infs GPIO1 high", "'infs' is not a time"),
        ("at 1e300h GPIO1 high", "'1e300h' is not a time"),
        ("at 1s", "the name of a chip or a line is missing"),
        ("at 1s x high", "there is no chip 'x' before this line; there are none"),
        ("at 1s GPIO1", "high, low, open or pulses is missing"),
        ("at 1s GPIO1 up", "'up' is none of high, low, open and pulses"),
        ("at 1s GPIO1 high high", "'high' is one word too many"),
        ("at 1s GPIO1 pulses", "a number of pulses is missing"),
        ("at 1s GPIO1 pulses 0 1Hz", "'0' is not a number of pulses from 1 to 100000"),
        ("at 1s GPIO1 pulses 5", "a frequency is missing"),
        ("at 1s GPIO1 pulses 5 20", "'20' is not a frequency from 0.001Hz to 1000Hz"),
        ("at 1s GPIO1 pulses 5 0Hz", "'0Hz' is not a frequency"),
        ("at 1s GPIO1 pulses 5 nanHz", "'nanHz' is not a frequency"),
        ("at 1s GPIO1 pulses 5 Hz", "'Hz' is not a frequency"),
        ("chip HCSR04 on i2c-1", "'i2c-1' is no line"),
        ("chip HCSR04 on GPIO1", "a line, such as GPIO17 is missing"),
        ("chip RotaryEncoder on GPIO1 GPIO1", "two lines are needed"),
        ("chip HCSR04 on GPIO1 GPIO2\nchip RotaryEncoder on GPIO2 GPIO3", "GPIO2 is a line of hcsr04-GPIO2"),
        ("chip HCSR04 on GPIO1 GPIO2\nat 1s GPIO2 high", "GPIO2 is a line of hcsr04-GPIO2"),
        ("chip HCSR04 on GPIO1 GPIO2 as far\nat 1s far stuck 0", "far cannot have that fault"),
        ("chip RotaryEncoder on GPIO1 GPIO2 as knob\nat 1s knob absent", "knob cannot have that fault"),
        ("kernel", "hwmon or iio is missing"),
        ("kernel lm75 temp1", "'lm75' is none of hwmon and iio"),
        ("kernel hwmon", "what the kernel's driver calls the sensor is missing"),
        ("kernel hwmon lm75 at", "the name of a device is missing"),
        ("kernel hwmon lm75 at 1-0048", "the sensor's channels are missing"),
        ("kernel hwmon lm75 temp", "'temp' is no channel of hwmon, which is one like temp1"),
        ("kernel iio bmp280 temp temp", "'temp' is there twice"),
        ("kernel hwmon lm75 temp1 as", "a name for the chip is missing"),
        ("kernel hwmon lm75 temp1\nkernel hwmon lm75 temp2", "lm75 is at that place"),
        ("kernel hwmon lm75 temp1\nkernel iio lm75 temp", "there is a lm75 already"),
        ("kernel hwmon GPIO3 temp1", "'GPIO3' is the name of a line"),
        ("kernel hwmon lm75 temp1\nat 1s lm75 timeout", "lm75 cannot have that fault"),
        ("led", "the name of a LED is missing"),
        ("led ACT\nled ACT", "there is a LED ACT already"),
        ("pwm pwm0", "a number of channels is missing"),
        ("pwm pwm0 65", "'65' is not a number of channels from 1 to 64"),
        ("pwm pwm0 1\npwm pwm0 2", "there is a PWM controller pwm0 already"),
        ("at 1s c", "a quantity, a fault or ok is missing"),
        ("at 1s c frobs", "'frobs' is nothing of c, which knows temperature, nak, timeout"),
        ("at 1s c temperature", "a value is missing"),
        ("at 1s c temperature hot", "'hot' is not a value"),
        ("at 1s c temperature nan", "'nan' is not a value"),
        ("at 1s c temperature 128", "temperature is from -128.0 to 127.9375"),
        ("at 1s c temperature 20 over", "a time is missing"),
        ("at 1s c temperature sine 20 2 0s", "a period is longer than nothing"),
        ("at 1s c temperature sine 20", "an amplitude is missing"),
        ("at 1s c stuck 256", "'256' is not a byte from 0 to 255"),
        ("at 1s c bit-error 0 8", "'8' is not the number of a bit from 0 to 7"),
        ("at 1s c short", "a number of bytes is missing"),
        ("at 1s c short 8192", "'8192' is not a number of bytes from 0 to 8191"),
        ("at 1s c slow 61s", "a chip can be slow by up to 60s"),
        ("at 1s adc arbitration", "adc cannot have that fault"),
        ("at 1s adc stuck 1", "adc cannot have that fault"),
        ("at 1s adc short 1", "adc cannot have that fault"),
        ("at 1s w nak nak", "'nak' is one word too many"),
        ("at 1s w timeout", "w cannot have that fault"),
        ("at 1s dust stuck 0", "dust cannot have that fault"),
    ])
    func saysWhatIsWrongAndWhere(text: String, reason expected: String) {
        let chips = """
            chip TMP105 on i2c-7 at 0x48 as c
            chip MCP3008 on spi0.0 as adc
            chip DS18B20 on w1 at 28-000000000001 as w
            chip PMS5003 on uart0 as dust

            """
        let usesChips = [" c", " adc ", " w ", " dust "].contains { text.hasPrefix("at 1s\($0)") }
        let whole = (usesChips ? chips : "") + text
        let line = whole.split(separator: "\n", omittingEmptySubsequences: false).count
        let found = reason(whole)
        #expect(
            found?.hasPrefix("f, line \(line): ") == true && found?.contains(expected) == true, "\(found ?? "none")")
    }

    /// Anything may be in a file: it is read or refused.
    @Test func damagedTextIsReadOrRefused() {
        var generator = SystemRandomNumberGenerator()
        let good = """
            chip PCA9548 on i2c-1 at 0x70 as mux
            chip TMP102 on mux:1 at 0x48 as t
            at 1s t temperature sine 20 1 60s
            at 2min t bit-error 0 7
            join GPIO1 GPIO2
            chip HCSR04 on GPIO5 GPIO6 as far
            kernel hwmon lm75 at 1-0048 temp1
            pwm pwm0 2
            at 3s GPIO1 pulses 5 20Hz
            """
        for _ in 1...2000 {
            var bytes = Array(good.utf8)
            for _ in 1...Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(7), at: place)
                }
            }
            _ = reason(String(decoding: bytes, as: UTF8.self))
        }
    }
}

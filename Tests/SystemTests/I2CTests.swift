import Foundation
import JSON
import Testing

@testable import fwtool

extension SystemTests {
    /// I2C through the kernel's i2c-bcm2835: chips on three buses and behind a multiplexer, set from outside.
    @Suite struct I2CTests {
        private static let devices =
            [
                "tmp105,id=b0,bus=i2c-bus.0,address=0x4a", "tmp105,id=b2,bus=i2c-bus.2,address=0x4b",
                "tmp421,id=t421,bus=i2c-bus.1,address=0x4c", "at24c-eeprom,bus=i2c-bus.1,address=0x50,rom-size=256",
                "pca9548,bus=i2c-bus.1,address=0x70",
                "tmp105,id=m3,bus=i2c.3,address=0x4e", "tmp105,id=m5,bus=i2c.5,address=0x4e",
            ]

        @Test func chipsOnThreeBusesAndBehindAMultiplexerAreFoundReadAndWritten() async throws {
            try await Machine.boot("rpi3", devices: Self.devices) { machine in
                let qmp = machine.emulator.qmp
                @discardableResult func run(_ command: String) async throws -> String {
                    try await machine.shell.run(command).trimmingCharacters(in: .whitespacesAndNewlines)
                }
                func set(_ chip: String, _ millidegrees: Int64, _ property: String = "temperature") async throws {
                    try await qmp.setProperty(property, of: "/machine/peripheral/\(chip)", to: .integer(millidegrees))
                }

                let found = try await run("apus i2c scan i2c-1 --json")
                #expect(
                    found
                        == #"[{"address":72,"kernel":false},{"address":76,"kernel":false},{"address":80,"kernel":false},{"address":112,"kernel":false}]"#
                )
                #expect(try await run("apus i2c scan i2c-0").hasPrefix("0x4a"))
                #expect(try await run("apus i2c scan /dev/i2c-2").hasPrefix("0x4b"))

                // 1/256 degree to a unit, in steps of half a degree.
                for (chip, bus, address) in [("b0", "i2c-0", "0x4a"), ("t0", "i2c-1", "0x48"), ("b2", "i2c-2", "0x4b")]
                {
                    for (millidegrees, bytes) in [(25_500, "0x19 0x80"), (-12_500, "0xf3 0x80"), (0, "0x00 0x00")] {
                        try await set(chip, Int64(millidegrees))
                        #expect(try await run("apus i2c read \(bus) \(address) 0 --count 2") == bytes)
                    }
                }
                // Half a degree more than is read: QEMU's chip rounds down.
                try await set("t421", 41_500, "temperature0")
                #expect(try await run("apus i2c read i2c-1 0x4c 0") == "0x29")

                // A memory keeps what is written.
                try await run("apus i2c write i2c-1 0x50 0x10 1 0x80 255")
                #expect(try await run("apus i2c read i2c-1 0x50 0x10 --count 3") == "0x01 0x80 0xff")

                // The app's own view of its thermometer, on the socket it serves.
                try await set("t0", 21_500)
                try await run("until apus sensors --json --once | grep -q '\"value\":21.5,'; do usleep 200000; done")
                let table = try await run("apus sensors").split(separator: "\n")
                #expect(table.first?.hasPrefix("SENSOR ") == true)
                #expect(table.contains { $0.hasPrefix("tmp102-0x48 ") && $0.contains("21.5") && $0.contains("Cel") })

                let lights = try await run("ls /sys/class/leds; true").split(separator: "\n")
                let selfTest = try await run("apus self-test").split(separator: "\n")
                #expect(selfTest.contains { $0.hasPrefix("ok       gpio") && $0.contains("has 54 lines") })
                #expect(
                    selfTest.contains {
                        $0.hasPrefix("ok       i2c-1") && $0.contains("/dev/i2c-1: the lines are idle, 4 devices")
                    })
                #expect(selfTest.contains { $0.hasPrefix("skipped  spi0.0") && $0.contains("is not there") })
                for light in lights where !light.hasPrefix("ls: ") {
                    #expect(selfTest.contains { $0.hasPrefix("ok       \(light)") && $0.contains("LED: brightness ") })
                }
                try await run(
                    "printf 'gpio.label=pinctrl-bcm2835\\ngpio.lines=99\\ni2c.i2c-7=/dev/i2c-7\\n' > /run/board")
                let other = try await run("apus self-test --board /run/board --sysfs /none; echo status $?")
                #expect(other.contains("failed   gpio") && other.contains("the board's profile says 99"))
                #expect(other.contains("failed   i2c-7") && other.contains("2 of 2 tests failed"))
                #expect(other.contains("status 30"))

                // Two chips of one address behind the multiplexer.
                try await set("m3", 3_000)
                try await set("m5", 5_000)
                for (mask, bytes) in [("0x08", "0x03 0x00"), ("0x20", "0x05 0x00")] {
                    try await run("apus i2c write i2c-1 0x70 \(mask)")
                    #expect(try await run("apus i2c read i2c-1 0x4e 0 --count 2") == bytes)
                }
                try await run("apus i2c write i2c-1 0x70 0")

                let absent = try await run("apus i2c read i2c-1 0x4e; echo status $?")
                #expect(absent.contains("no device answers at address 0x4e on i2c-1") && absent.contains("status 31"))
                let bus = try await run("apus i2c scan i2c-7; echo status $?")
                #expect(bus.contains("cannot open the I2C bus /dev/i2c-7") && bus.contains("status 30"))
            }
        }
    }
}

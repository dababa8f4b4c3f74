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
                "pca9548,id=mux,name=mux,bus=i2c-bus.1,address=0x70",
                "tmp105,id=m3,bus=mux.3,address=0x4e", "tmp105,id=m5,bus=mux.5,address=0x4e",
            ]

        @Test func chipsOnThreeBusesAndBehindAMultiplexerAreFoundReadAndWritten() async throws {
            try await Machine.boot("rpi3", devices: Self.devices) { machine in
                let (shell, qmp) = (machine.shell, machine.emulator.qmp)
                func set(_ chip: String, property: String = "temperature", _ millidegrees: Int64) async throws {
                    try await qmp.setProperty(property, of: "/machine/peripheral/\(chip)", to: .integer(millidegrees))
                }

                let found = try await shell.run("apus i2c scan i2c-1 --json")
                #expect(
                    found
                        == #"[{"address":72,"kernel":false},{"address":76,"kernel":false},{"address":80,"kernel":false},{"address":112,"kernel":false}]"#
                )
                #expect(try await shell.run("apus i2c scan i2c-0").hasPrefix("0x4a"))
                #expect(try await shell.run("apus i2c scan /dev/i2c-2").hasPrefix("0x4b"))

                // 1/256 degree to a unit, in steps of half a degree.
                for (chip, bus, address) in [("b0", "i2c-0", "0x4a"), ("t0", "i2c-1", "0x48"), ("b2", "i2c-2", "0x4b")]
                {
                    for (millidegrees, bytes) in [(25_500, "0x19 0x80"), (-12_500, "0xf3 0x80"), (0, "0x00 0x00")] {
                        try await set(chip, Int64(millidegrees))
                        #expect(try await shell.run("apus i2c read \(bus) \(address) 0 --count 2") == bytes)
                    }
                }
                try await set("t421", property: "temperature0", 41_000)
                #expect(try await shell.run("apus i2c read i2c-1 0x4c 0") == "0x29")

                // A memory keeps what is written.
                try await shell.run("apus i2c write i2c-1 0x50 0x10 1 0x80 255")
                #expect(try await shell.run("apus i2c read i2c-1 0x50 0x10 --count 3") == "0x01 0x80 0xff")

                // Two chips of one address behind the multiplexer.
                try await set("m3", 3_000)
                try await set("m5", 5_000)
                for (mask, bytes) in [("0x08", "0x03 0x00"), ("0x20", "0x05 0x00")] {
                    try await shell.run("apus i2c write i2c-1 0x70 \(mask)")
                    #expect(try await shell.run("apus i2c read i2c-1 0x4e 0 --count 2") == bytes)
                }
                try await shell.run("apus i2c write i2c-1 0x70 0")

                let absent = try await shell.run("apus i2c read i2c-1 0x4e; echo status $?")
                #expect(absent.contains("no device answers at address 0x4e on i2c-1") && absent.contains("status 31"))
                let bus = try await shell.run("apus i2c scan i2c-7; echo status $?")
                #expect(bus.contains("cannot open the I2C bus /dev/i2c-7") && bus.contains("status 30"))
            }
        }
    }
}

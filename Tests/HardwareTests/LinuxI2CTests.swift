import Glibc
import Hardware
import Testing

/// What the kernel backend says on any machine; transfers are tested on the emulated boards.
struct LinuxI2CTests {
    @Test func missingBusIsNamed() {
        let error = #expect(throws: I2CError.self) { try I2CBus(path: "/dev/i2c-9") }
        #expect(
            error?.description == "cannot open the I2C bus /dev/i2c-9: "
                + "there is no such bus; it may be disabled, or the module i2c-dev not loaded")
    }

    @Test func anotherFileIsNoBus() {
        let error = #expect(throws: I2CError.self) { try I2CBus(path: "/dev/null") }
        #expect(error == .noBus(bus: "/dev/null", reason: "it is not an I2C bus"))
    }

    @Test func folderIsNoBus() {
        #expect(throws: I2CError.noBus(bus: "/dev", reason: "Is a directory")) { try I2CBus(path: "/dev") }
    }

    @Test func addressesOfTenBitsNeedAnAdapterThatKnowsThem() throws {
        let address = try I2CAddress.tenBit(0x150)
        // I2C_FUNC_I2C (linux/i2c.h) without and with I2C_FUNC_10BIT_ADDR.
        #expect(!LinuxI2C.canSend(address, functions: 0x1))
        #expect(LinuxI2C.canSend(address, functions: 0x3))
        #expect(LinuxI2C.canSend(0x50, functions: 0x1))
    }

    @Test func refusedBusGivesItsDescriptorBack() {
        // The lowest free descriptor is the same before and after.
        let before = dup(0)
        close(before)
        for _ in 0..<50 { _ = try? I2CBus(path: "/dev/null") }
        let after = dup(0)
        close(after)
        // Other tests run in this process at the same time; fifty leaked ones would show all the same.
        #expect(after < before + 50)
    }
}

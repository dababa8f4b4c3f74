import Hardware
import Testing

struct I2CAddressTests {
    @Test(arguments: [0x08, 0x48, 0x77]) func acceptsDeviceAddresses(_ value: Int) throws {
        #expect(try Int(I2CAddress(value).rawValue) == value)
    }

    @Test(arguments: [Int.min, -1, 0x00, 0x07, 0x78, 0x7F, 0x80, 0x90, 0x148, Int.max])
    func refusesOthers(_ value: Int) {
        #expect(throws: I2CError.invalidAddress(value)) { try I2CAddress(value) }
    }

    @Test func writtenLikeADatasheetDoes() throws {
        #expect("\(I2CAddress(0x48))" == "0x48")
        #expect("\(I2CAddress(8))" == "0x08")
        #expect(I2CError.invalidAddress(0x90).description == "0x90 is not a 7-bit I2C device address (0x08 to 0x77)")
        #expect(I2CError.invalidAddress(-1).description == "-0x01 is not a 7-bit I2C device address (0x08 to 0x77)")
    }
}

import Hardware
import Testing

struct CRC8Tests {
    // The check values of the catalogue of CRC algorithms for these parameters (CRC-8/SMBUS and CRC-8/NRSC-5).
    @Test(arguments: [(CRC8.smbus, 0xF4), (.sensirion, 0xF7)] as [(CRC8, UInt8)])
    func theCheckValueOfTheDigits(crc: CRC8, value: UInt8) {
        #expect(crc.checksum("123456789".utf8) == value)
    }

    // Checked with the calculator of smbus.org by others.
    @Test func packetErrorCodeOfLetters() {
        #expect(CRC8.smbus.checksum("abc".utf8) == 0x5F)
    }

    // SHT3x datasheet version 5, table 20; SHT4x datasheet, section "Checksum calculation".
    @Test func theExampleOfSensirion() {
        #expect(CRC8.sensirion.checksum([0xBE, 0xEF]) == 0x92)
    }

    @Test func overDataWithItsCheckItIsZero() {
        #expect(CRC8.sensirion.checksum([0xBE, 0xEF, 0x92]) == 0)
        #expect(CRC8.smbus.checksum([]) == 0)
        #expect(CRC8.sensirion.checksum([]) == 0xFF)
    }
}

import Testing

@testable import Hardware

struct OneWireTests {
    private let id = OneWireID(family: 0x28, serialNumber: 0x0316_A279_4FFF)

    @Test(arguments: ["28-0316a2794fff", "00-000000000000", "ff-ffffffffffff"]) func idsAreSpeltAsTheKernelDoes(
        text: String
    )
        throws
    {
        #expect(try #require(OneWireID(text)).description == text)
    }

    @Test(arguments: [
        "", "-", "28", "28-", "28-0316a2794ff", "28-0316a2794fff0", "2-80316a2794fff", "g8-0316a2794fff",
        "28-0316a2794ffg",
        "w1_bus_master1", "28-0316a2794fff-", "+8-0316a2794fff", "28-+316a2794fff", "28 0316a2794fff",
    ])
    func otherNamesAreNone(text: String) {
        #expect(OneWireID(text) == nil)
    }

    // Maxim application note 27: the example A2 00 00 00 01 B8 1C 02.
    @Test func checksumOfTheApplicationNote() {
        #expect(OneWire.checksum([0x02, 0x1C, 0xB8, 0x01, 0x00, 0x00, 0x00]) == 0xA2)
        #expect(OneWire.checksum([]) == 0)
    }

    // Documentation/w1/slaves/w1_therm.rst has no example; this one is what a sensor at 23.125 degrees gave.
    private let file = """
        72 01 4b 46 7f ff 0e 10 57 : crc=57 YES
        72 01 4b 46 7f ff 0e 10 57 t=23125
        """

    @Test func readsTheKernelsFile() throws {
        #expect(
            try OneWire.scratchpad(file, of: id) == [0x72, 0x01, 0x4B, 0x46, 0x7F, 0xFF, 0x0E, 0x10, 0x57])
    }

    @Test(arguments: [
        "72 01 4b 46 7f ff 0e 10 57 : crc=57 NO\n", "73 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n",
        "00 00 00 00 00 00 00 00 00 : crc=00 YES\n", "72 01 4b 46 7f ff 0e 10 57 :",
        "ff ff ff ff ff ff ff ff ff : crc=c9 NO\n",
    ])
    func aWrongChecksumIsTold(text: String) {
        let error = #expect(throws: OneWireError.self) { try OneWire.scratchpad(text, of: id) }
        guard case .badChecksum = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: [
        "", "\n", "YES", "72 01 4b 46 7f ff 0e 10", "72 01 4b 46 7f ff 0e 10 : crc=57 YES",
        "172 01 4b 46 7f ff 0e 10 57 : crc=57 YES", "zz 01 4b 46 7f ff 0e 10 57 : crc=57 YES",
        "72 01 4b 46 7f ff 0e 10 57 crc=57 YES",
    ])
    func anotherContentIsMalformed(text: String) {
        let error = #expect(throws: OneWireError.self) { try OneWire.scratchpad(text, of: id) }
        guard case .malformed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func theBusListsItsDevicesAndReadsThem() async throws {
        let tree = SimulatedSysfs()
        let bus = OneWire(on: try Sysfs(simulated: tree))
        #expect(try await bus.devices() == [])
        tree.setThermometer(id, celsius: 23.125)
        #expect(
            tree["bus/w1/devices/28-0316a2794fff/w1_slave"]?.hasPrefix("72 01 4b 46 7f ff 0e 10 57 : crc=57 YES")
                == true)
        #expect(try await bus.devices() == [id])
        #expect(try await bus.scratchpad(of: id)[0] == 0x72)
        let other = OneWireID(family: 0x28, serialNumber: 1)
        let error = await #expect(throws: OneWireError.self) { try await bus.scratchpad(of: other) }
        #expect(
            error?.description
                == "no device 28-000000000001 is on the 1-Wire bus: there is 28-0316a2794fff")
        tree.script([.inputOutput], at: "bus/w1/devices/28-0316a2794fff/w1_slave")
        await #expect(throws: SysfsError.self) { try await bus.scratchpad(of: id) }
    }
}

import BootState
import Testing

struct ProvisioningTests {
    private let values = ["serial": "WS-0042", "broker": "mqtts://hub.local:8883", "wifi.name": "shed = south"]

    @Test func whatIsWrittenIsReadFromEitherCopy() throws {
        let written = try Provisioning(values)
        let block = try written.encoded()
        #expect(block.count == Provisioning.blockSize)
        var damaged = block
        damaged[100] ^= 1
        #expect(Provisioning(copies: [block, block]) == written)
        #expect(Provisioning(copies: [damaged, block]) == written)
        #expect(Provisioning(copies: [block, []]) == written)
        #expect(Provisioning(copies: [damaged, damaged]).values.isEmpty)
        #expect(Provisioning(copies: []).values.isEmpty)
        #expect(written.text == "broker=mqtts://hub.local:8883\nserial=WS-0042\nwifi.name=shed = south\n")
    }

    /// As on a card burned without any, or an old one.
    @Test func emptyPlacesHoldNothing() {
        let blocks = [UInt8(0), 0xFF].map { Array(repeating: $0, count: Provisioning.blockSize) }
        #expect(Provisioning(copies: blocks).values.isEmpty)
    }

    @Test(arguments: ["", "a b", "a=b", "ä", "a\n"])
    func aNameThatNoFileCouldHoldIsRefused(_ name: String) {
        #expect(throws: ProvisioningError.invalidName(name)) { try Provisioning([name: "x"]) }
    }

    @Test(arguments: ["x\ny", "\u{0}", "\u{1B}[2J"])
    func aValueOfMoreThanALineIsRefused(_ value: String) {
        #expect(throws: ProvisioningError.invalidValue(name: "a")) { try Provisioning(["a": value]) }
    }

    @Test func tooMuchIsRefused() throws {
        // Checksum 4, "a=", the value's end, the end of all: 8 bytes besides the value.
        let most = Provisioning.blockSize - 8
        #expect(try Provisioning(["a": String(repeating: "x", count: most)]).encoded().count == Provisioning.blockSize)
        let more = try Provisioning(["a": String(repeating: "x", count: most + 1)])
        #expect(throws: ProvisioningError.tooLarge(room: Provisioning.blockSize)) { try more.encoded() }
    }

    /// The places of the card's first sectors that must not meet.
    @Test func nothingOverlaps() {
        let taken =
            [0..<512] + BootState.copyOffsets.map { $0..<($0 + BootState.blockSize) }
            + [ResetMark.offset..<(ResetMark.offset + ResetMark.blockSize)]
            + Provisioning.copyOffsets.map { $0..<($0 + Provisioning.blockSize) }
        // In units of the 4 KiB that the kernel writes at once.
        let pages = taken.flatMap { Set($0.map { $0 / 4096 }) }
        #expect(Set(pages).count == pages.count)
        #expect(pages.allSatisfy { $0 < 8192 * 512 / 4096 })
    }

    @Test func aResetIsAskedForByNothingElse() throws {
        let mark = try ResetMark.encoded()
        #expect(ResetMark.isSet(mark))
        for index in mark.indices {
            var changed = mark
            changed[index] ^= 0x20
            #expect(!ResetMark.isSet(changed))
        }
        #expect(!ResetMark.isSet([]))
        #expect(!ResetMark.isSet(Array(repeating: 0, count: 512)))
        #expect(!ResetMark.isSet(try BootState.initial.encoded()))
    }
}

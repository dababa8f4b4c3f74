import Testing

@testable import BootState

struct SlotHeaderTests {
    static let header = SlotHeader(
        root: 0x1000, hashTree: 0x1000, verity: 0x1030, kernel: 0x1A2B..<0x2A2B, ramdisk: 0x2A2B..<0x3000)

    @Test func isAnEnvironmentBlockOfSectors() throws {
        let block = try Self.header.encoded()
        let text =
            "sl_hash=1000\0sl_kernel=1a2b\0sl_kernel_n=1000\0sl_ramdisk=2a2b\0sl_ramdisk_n=5d5\0sl_root_n=1000\0"
            + "sl_verity=1030\0\0"
        #expect(block == BootStateTests.block(text: text))
        #expect(try SlotHeader(decoding: block) == Self.header)
    }

    @Test(
        arguments: [
            ("sl_kernel=1\0sl_kernel_n=1\0sl_ramdisk=2\0\0", .missingVariable("sl_ramdisk_n")),
            ("sl_kernel_n=1\0sl_ramdisk=2\0sl_ramdisk_n=1\0\0", .missingVariable("sl_kernel")),
            (
                "sl_kernel=x\0sl_kernel_n=1\0sl_ramdisk=2\0sl_ramdisk_n=1\0\0",
                .invalidValue(variable: "sl_kernel", value: "x")
            ),
            // Swift takes this for a number, U-Boot does not.
            (
                "sl_kernel=-0\0sl_kernel_n=1\0sl_ramdisk=2\0sl_ramdisk_n=1\0\0",
                .invalidValue(variable: "sl_kernel", value: "-0")
            ),
            // A range beyond the last sector number.
            (
                "sl_kernel=ffffffff\0sl_kernel_n=1\0sl_ramdisk=2\0sl_ramdisk_n=1\0\0",
                .invalidValue(variable: "sl_kernel", value: "ffffffff")
            ),
        ] as [(String, BootStateError)])
    func refusesBlocks(text: String, error: BootStateError) {
        #expect(throws: error) {
            try SlotHeader(decoding: BootStateTests.block(text: "sl_hash=9\0sl_root_n=9\0sl_verity=9\0" + text))
        }
    }

    @Test func everyFlippedBitIsDetected() throws {
        let block = try Self.header.encoded()
        for index in block.indices {
            var damaged = block
            damaged[index] ^= 1 << (index % 8)
            #expect(throws: BootStateError.self) { try SlotHeader(decoding: damaged) }
        }
    }

    @Test func refusesARootImageWithoutHeader() {
        #expect(throws: BootStateError.self) { try SlotHeader(decoding: Array(repeating: 0, count: 512)) }
    }
}

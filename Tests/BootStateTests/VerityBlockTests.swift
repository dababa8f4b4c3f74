import Testing

@testable import BootState

struct VerityBlockTests {
    @Test func isAnEnvironmentBlock() throws {
        let block = try VerityBlock(rootHash: Array(0x70..<0x90))
        let digits = "707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
        #expect(try block.encoded() == BootStateTests.block(text: "ve_hash=\(digits)\0\0"))
        #expect(try VerityBlock(decoding: try block.encoded()) == block)
    }

    @Test(arguments: ["", "x=1\0", "ve_hash=12\0", "ve_hash=" + String(repeating: "g", count: 64) + "\0"])
    func refusesBlocks(_ text: String) {
        #expect(throws: BootStateError.self) { try VerityBlock(decoding: BootStateTests.block(text: text + "\0")) }
    }

    @Test func refusesHashesOfOtherLengths() {
        #expect(throws: BootStateError.self) { try VerityBlock(rootHash: [1, 2, 3]) }
    }
}

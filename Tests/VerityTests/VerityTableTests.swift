import Testing

@testable import Verity

struct VerityTableTests {
    private static let hash = String(repeating: "0a", count: 32)

    @Test func makesTheKernelsParameters() throws {
        let table = try #require(VerityTable("1f8,200,\(Self.hash)"))
        #expect(table.sectors == 0x1f8)
        #expect(table.parameters(device: "/dev/vda2") == "1 /dev/vda2 /dev/vda2 4096 4096 63 64 sha256 \(Self.hash) -")
    }

    @Test(
        arguments: [
            "", "1f8,200", "1f8,200,\(hash),1", "1f9,200,\(hash)", "0,200,\(hash)", "1f8,201,\(hash)", "x,200,\(hash)",
            "1f8,200,\(hash)a", "1f8,200,\(String(repeating: "zz", count: 32))", "1f8,,\(hash)",
        ])
    func refusesOtherTexts(_ text: String) {
        #expect(VerityTable(text) == nil)
    }
}

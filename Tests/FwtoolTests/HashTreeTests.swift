import Bundle
import Foundation
import Testing

@testable import fwtool

struct HashTreeTests {
    private static let block = HashTree.blockSize

    private func tree(_ content: Data) throws -> HashTree {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try content.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        return try HashTree(of: handle, size: content.count)
    }

    private func digest(_ content: Data) -> [UInt8] { SHA256.digest(of: [UInt8](content)).bytes }

    @Test func aFewBlocksHaveOneBlockOfDigests() throws {
        let content = Data(repeating: 1, count: Self.block) + Data(repeating: 2, count: Self.block)
        let tree = try tree(content)
        var expected = Data(digest(content[..<Self.block]) + digest(content[Self.block...]))
        expected += Data(count: Self.block - expected.count)
        #expect(tree.content == expected)
        #expect(tree.rootHash.bytes == digest(expected))
    }

    /// 128 digests fill a block; one more makes a second level, which comes first.
    @Test func theTopmostLevelComesFirst() throws {
        let tree = try tree(Data(repeating: 7, count: 129 * Self.block))
        #expect(tree.content.count == 3 * Self.block)
        let leaves = tree.content[Self.block...]
        let top = digest(leaves.prefix(Self.block)) + digest(leaves.suffix(Self.block))
        #expect(Array(tree.content.prefix(64)) == top)
        #expect(tree.rootHash.bytes == digest(tree.content.prefix(Self.block)))
    }

    @Test(arguments: [(1, 1), (128, 1), (129, 3), (128 * 128, 129), (128 * 128 + 1, 132)])
    func itsSizeIsKnownBeforehand(blocks: Int, size: Int) {
        #expect(HashTree.size(over: blocks * Self.block) == size * Self.block)
    }
}

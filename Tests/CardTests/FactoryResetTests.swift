import BootState
import Card
import Foundation
import Testing

struct FactoryResetTests {
    @Test func theMarkIsSetAndClearedAndNothingElseChanges() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("reset-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let before = Data((0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 / 7) })
        try before.write(to: file)
        let reset = FactoryReset(try BlockFile(file.path, isWritable: true))
        #expect(try !reset.isRequested())
        try reset.request()
        #expect(try reset.isRequested())
        try reset.clear()
        #expect(try !reset.isRequested())
        var after = try Data(contentsOf: file)
        let place = ResetMark.offset..<(ResetMark.offset + ResetMark.blockSize)
        #expect(after[place].allSatisfy { $0 == 0 })
        after.replaceSubrange(place, with: before[place])
        #expect(after == before)
    }

    @Test func aCardThatIsTooSmallIsRefused() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("reset-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(count: 4096).write(to: file)
        let reset = FactoryReset(try BlockFile(file.path, isWritable: true))
        #expect(throws: CardError.self) { try reset.request() }
        #expect(throws: CardError.self) { try reset.isRequested() }
    }
}

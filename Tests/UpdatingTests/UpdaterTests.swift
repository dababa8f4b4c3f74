import BootState
import Bundle
import Card
import Testing

@testable import Updating

struct UpdaterTests {
    @Test(arguments: [false, true])
    func installsIntoTheOtherSlot(isPipe: Bool) async throws {
        let old = try await TestFirmware(version: "1.0", root: [1, 2, 3, 4, 0, 5])
        let new = try await TestFirmware(version: "1.1", root: [11, 2, 3, 14, 0, 5])
        let card = try TestCard(a: old)
        let before = card.bytes
        let source = TestSource(new.bundle, isPipe: isPipe)
        let result = try Updater(card).install(from: source)
        #expect(result.outcome == .installed)
        #expect(Array(card.bytes[TestCard.slotB].prefix(new.installed.count)) == new.installed)
        let state = try #require(card.state)
        #expect(state.active == .a)
        #expect(state.trial == BootState.Trial(of: .b))
        #expect(state.bad == nil)
        for range in [0..<512, TestCard.boot, TestCard.slotA, TestCard.data] {
            #expect(card.bytes[range] == before[range])
        }
        // Only chunk 0, which has the header in it, and chunk 3 are new.
        let chunks = new.head.chunks.of(payload: 0)
        if !isPipe { #expect(source.fetched == new.headBytes.count + chunks[0].storedSize + chunks[3].storedSize) }
    }
}

import BootState
import Bundle
import Card
import Glibc
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

    /// Each flush costs a card time; only what is paid for twice deserves many.
    @Test func onlyWhatComesFromAfarIsFlushedOften() async throws {
        #expect(Installation.flushDistance(bundleSize: 22_000_000, isLocal: false) == 128 * 1024)
        #expect(Installation.flushDistance(bundleSize: 256_000_000, isLocal: false) == 1_000_000)
        #expect(Installation.flushDistance(bundleSize: 256_000_000, isLocal: true) == 4 << 20)

        #expect(try FileSource(#filePath).isLocal)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        #expect(try !FileSource("/proc/self/fd/\(ends[0])").isLocal)
    }
}

import BootState
import Card
import Glibc
import Testing

struct CardTests {
    /// A file that is gone with the test.
    private final class Image {
        let path: String

        init(_ bytes: [UInt8]) throws {
            path = "/tmp/apus-card-\(UInt64.random(in: .min ... .max))"
            let file = try #require(fopen(path, "wx"))
            fwrite(bytes, 1, bytes.count, file)
            fclose(file)
        }

        deinit { unlink(path) }

        var device: BlockFile {
            get throws { try BlockFile(path, isWritable: true) }
        }
    }

    /// 4 partitions of 1 MiB from sector 8192.
    private static func table() -> [UInt8] {
        var sector = [UInt8](repeating: 0, count: 512)
        sector.replaceSubrange(440..<444, with: CardLayout.signature)
        sector[510] = 0x55
        sector[511] = 0xAA
        for entry in 0..<4 {
            let start = UInt32(8192 + 2048 * entry)
            for byte in 0..<4 {
                sector[446 + 16 * entry + 8 + byte] = UInt8(truncatingIfNeeded: start >> (8 * byte))
                sector[446 + 16 * entry + 12 + byte] = UInt8(truncatingIfNeeded: UInt32(2048) >> (8 * byte))
            }
        }
        return sector
    }

    @Test func readsAndWritesWhatIsThere() throws {
        let image = try Image((0..<10_000).map { UInt8(truncatingIfNeeded: $0 / 3) })
        let device = try image.device
        #expect(device.size == 10_000)
        try device.write([1, 2, 3], at: 4095)
        try device.flush()
        #expect(try device.read(at: 4095, count: 3) == [1, 2, 3])
        #expect(try device.readBack(at: 4094, count: 5) == [84, 1, 2, 3, 86])
        #expect(try device.readBack(at: 9990, count: 10) == (9990..<10_000).map { UInt8(truncatingIfNeeded: $0 / 3) })
        #expect(try device.read(at: 10_000, count: 0) == [])
    }

    /// Aligned memory is filled directly, other memory through a copy, and both alike.
    @Test(arguments: [(4096, 4096, 0), (4096, 4096, 1), (4095, 4096, 0), (8192, 1808, 0), (4096, 0, 0)])
    func readsBackIntoMemory(offset: Int, count: Int, shift: Int) throws {
        let image = try Image((0..<10_000).map { UInt8(truncatingIfNeeded: $0 / 3) })
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 4096)
        defer { memory.deallocate() }
        let buffer = UnsafeMutableRawBufferPointer(rebasing: memory[shift..<(shift + count)])
        let device = try image.device
        try device.readBack(at: offset, into: buffer)
        #expect(buffer.elementsEqual((offset..<(offset + count)).map { UInt8(truncatingIfNeeded: $0 / 3) }))
        try BlockRange(1000..<10_000, of: device).readBack(at: 0, into: buffer)
        #expect(buffer.elementsEqual((1000..<(1000 + count)).map { UInt8(truncatingIfNeeded: $0 / 3) }))
        let outside = UnsafeMutableRawBufferPointer(rebasing: memory[..<4096])
        #expect(throws: CardError.outOfRange(path: image.path, offset: 8192, count: 4096)) {
            try device.readBack(at: 8192, into: outside)
        }
    }

    @Test(arguments: [(10_000, 1), (9_999, 2), (-1, 1), (0, -1), (.max, 1), (1, .max)])
    func nothingIsOutside(offset: Int, count: Int) throws {
        let image = try Image([UInt8](repeating: 7, count: 10_000))
        let device = try image.device
        let error = CardError.outOfRange(path: image.path, offset: offset, count: count)
        #expect(throws: error) { try device.read(at: offset, count: count) }
        #expect(throws: error) { try device.readBack(at: offset, count: count) }
        if count > 0, count < 10 {
            #expect(throws: error) { try device.write([UInt8](repeating: 1, count: count), at: offset) }
        }
        #expect(try device.read(at: 0, count: 10_000) == [UInt8](repeating: 7, count: 10_000))
    }

    @Test func aPartitionKeepsToItself() throws {
        let image = try Image([UInt8](repeating: 7, count: 10_000))
        let part = try BlockRange(4096..<8192, of: image.device)
        try part.write([1], at: 4095)
        #expect(throws: CardError.self) { try part.write([1, 2], at: 4095) }
        #expect(throws: CardError.self) { try part.read(at: -1, count: 1) }
        #expect(try image.device.read(at: 8190, count: 3) == [7, 1, 7])
        #expect(throws: CardError.self) { try BlockRange(4096..<10_001, of: image.device) }
    }

    @Test func findsThePartitions() throws {
        let layout = try CardLayout(of: Image(Self.table()).device, path: "card")
        let mebibyte = 1 << 20
        #expect(layout.boot == (4 * mebibyte)..<(5 * mebibyte))
        #expect(layout.range(of: .a) == (5 * mebibyte)..<(6 * mebibyte))
        #expect(layout.range(of: .b) == (6 * mebibyte)..<(7 * mebibyte))
        #expect(layout.data == (7 * mebibyte)..<(8 * mebibyte))
    }

    /// The signature, the mark, no start, no size, an overlap.
    @Test(arguments: [440...440, 510...510, 511...511, 454...457, 458...461, 470...473])
    func refusesOtherCards(zeroed: ClosedRange<Int>) throws {
        var table = Self.table()
        for byte in zeroed { table[byte] = 0 }
        let device = try Image(table).device
        #expect(throws: CardError.noApusCard(path: "card")) { try CardLayout(of: device, path: "card") }
    }

    @Test func theBootStateAlternatesBetweenItsCopies() throws {
        let image = try Image([UInt8](repeating: 0, count: 1 << 17))
        let store = try BootStateStore(image.device)
        #expect(try store.read() == nil)
        for sequence in 2..<7 as Range<UInt32> {
            let before = try BootState.copyOffsets.map { try image.device.read(at: $0, count: 512) }
            try store.write { state throws(BootStateError) in try state.beginUpdate(of: .b, running: .a) }
            let after = try BootState.copyOffsets.map { try image.device.read(at: $0, count: 512) }
            #expect(try store.read()?.sequence == sequence)
            let written = (0..<2).filter { before[$0] != after[$0] }
            #expect(written.count == 1)
            // Should the power fail during the write, the copy that was in force still is.
            #expect(written.first != BootState.choose(before[0], before[1])?.copy)
        }
    }

    /// Each has opened the card for itself, as other programs do.
    @Test func changesOfTheBootStateTakeTurns() async throws {
        let image = try Image([UInt8](repeating: 0, count: 1 << 17))
        let path = image.path
        try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    let store = BootStateStore(try BlockFile(path, isWritable: true))
                    for _ in 0..<25 {
                        try store.write { state throws(BootStateError) in try state.beginUpdate(of: .b, running: .a) }
                    }
                }
            }
            try await group.waitForAll()
        }
        // None was lost: each has added one.
        #expect(try BootStateStore(image.device).read()?.sequence == 101)
    }

    @Test func aChangeThatDoesNotEndIsNotWaitedForWithoutLimit() throws {
        let image = try Image([UInt8](repeating: 0, count: 1 << 17))
        let store = try BootStateStore(image.device, patience: 30)
        let other = try image.device
        // Any byte of the two copies will do.
        #expect(try other.lock(BootState.copyOffsets[1]..<(BootState.copyOffsets[1] + 1)))
        #expect(throws: CardError.bootStateInUse) {
            try store.write { state throws(BootStateError) in try state.beginUpdate(of: .b, running: .a) }
        }
        #expect(try image.device.read(at: 0, count: 1 << 17) == [UInt8](repeating: 0, count: 1 << 17))
        other.unlock(BootState.copyOffsets[1]..<(BootState.copyOffsets[1] + 1))
        try store.write { state throws(BootStateError) in try state.beginUpdate(of: .b, running: .a) }
        // Given back, also after a change that does not apply.
        #expect(throws: CardError.bootState(.noTrial)) {
            try store.write { state throws(BootStateError) in try state.rollBack(.user) }
        }
        #expect(try other.lock(0..<(1 << 17)))
    }

    @Test func aPartitionIsLockedWhereItLies() throws {
        let image = try Image([UInt8](repeating: 7, count: 10_000))
        let part = try BlockRange(4096..<8192, of: image.device)
        let other = try image.device
        #expect(try part.lock(10..<20))
        #expect(try !other.lock(4106..<4107))
        #expect(try other.lock(4096..<4106))
        part.unlock(10..<20)
        #expect(try other.lock(4106..<4107))
    }
}

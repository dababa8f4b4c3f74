import BootState
import Bundle
import Card

@testable import Updating

/// A card in memory that records what is done to it.
final class TestCard: BlockDevice, @unchecked Sendable {  // Used by one thread at a time.
    enum Operation: Equatable {
        case write([UInt8], at: Int)
        case flush
    }

    var bytes: [UInt8]
    private(set) var log: [Operation] = []
    /// Bytes that do not keep what is written to them.
    var wornOut: Range<Int>?
    /// Fails from the operation of this number on, counted from 0.
    var failsAt = Int.max

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var size: Int { bytes.count }

    func read(at offset: Int, count: Int) throws(CardError) -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
            throw .outOfRange(path: "card", offset: offset, count: count)
        }
        return Array(bytes[offset..<(offset + count)])
    }

    func readBack(at offset: Int, count: Int) throws(CardError) -> [UInt8] {
        var result = try read(at: offset, count: count)
        for place in (wornOut ?? 0..<0).clamped(to: offset..<(offset + count)) { result[place - offset] ^= 1 }
        return result
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(CardError) {
        guard log.count < failsAt, offset >= 0, offset <= size, bytes.count <= size - offset else {
            throw .system(operation: "write", path: "card", code: 5)
        }
        log.append(.write(bytes, at: offset))
        self.bytes.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    }

    func flush() throws(CardError) {
        guard log.count < failsAt else { throw .system(operation: "write", path: "card", code: 5) }
        log.append(.flush)
    }
}

extension TestCard {
    /// Small, so that thousands of its states are looked at quickly.
    static let slotSize = 192 * 1024
    static let boot = 160 * 512..<176 * 512
    static let slotA = 176 * 512..<(176 * 512 + slotSize)
    static let slotB = slotA.upperBound..<(slotA.upperBound + slotSize)
    static let data = slotB.upperBound..<(slotB.upperBound + 16 * 512)

    private static let bootContent = TestFirmware.fill(7, count: boot.count)
    private static let dataContent = TestFirmware.fill(8, count: data.count)

    static func range(of slot: Slot) -> Range<Int> { slot == .a ? slotA : slotB }

    /// A card that runs `a` from slot A, with other content in slot B.
    convenience init(a: TestFirmware, b: [UInt8] = [], state: BootState = .initial) throws {
        var bytes = [UInt8](repeating: 0, count: Self.data.upperBound)
        bytes.replaceSubrange(440..<444, with: CardLayout.signature)
        bytes[510] = 0x55
        bytes[511] = 0xAA
        for (entry, range) in [Self.boot, Self.slotA, Self.slotB, Self.data].enumerated() {
            for byte in 0..<4 {
                let place = 446 + 16 * entry + 8 + byte
                bytes[place] = UInt8(truncatingIfNeeded: (range.lowerBound / 512) >> (8 * byte))
                bytes[place + 4] = UInt8(truncatingIfNeeded: (range.count / 512) >> (8 * byte))
            }
        }
        for offset in BootState.copyOffsets {
            bytes.replaceSubrange(offset..<(offset + 512), with: try state.encoded())
        }
        bytes.replaceSubrange(Self.boot, with: Self.bootContent)
        bytes.replaceSubrange(Self.data, with: Self.dataContent)
        bytes.replaceSubrange(Self.slotA.lowerBound..<(Self.slotA.lowerBound + a.installed.count), with: a.installed)
        bytes.replaceSubrange(Self.slotB.lowerBound..<(Self.slotB.lowerBound + b.count), with: b)
        self.init(bytes)
    }

    /// What keeps a slot from being started, by the boot script's rules.
    static func fault(_ slot: ArraySlice<UInt8>) -> FailureReason? {
        let base = slot.startIndex
        guard let header = try? SlotHeader(decoding: Array(slot.prefix(512))) else { return .header }
        func part(_ sectors: Range<UInt32>) -> [UInt8]? {
            let (lower, upper) = (Int(sectors.lowerBound) * 512, Int(sectors.upperBound) * 512)
            return upper <= slot.count ? Array(slot[(base + lower)..<(base + upper)]) : nil
        }
        guard let block = part(header.verity..<(header.verity + 1)), (try? VerityBlock(decoding: block)) != nil else {
            return .root
        }
        guard let kernel = part(header.kernel), LegacyImage.isSound(kernel) else { return .kernel }
        guard let ramdisk = part(header.ramdisk), LegacyImage.isSound(ramdisk) else { return .initramfs }
        return nil
    }

    var copies: [[UInt8]] { BootState.copyOffsets.map { Array(bytes[$0..<($0 + 512)]) } }

    var state: BootState? { BootState.choose(copies[0], copies[1])?.state }
}

/// A bundle in memory.
final class TestSource: BundleSource {
    let name = "the test's bundle"
    var bytes: [UInt8]
    let size: Int?
    private(set) var fetched = 0
    private(set) var position = 0
    let isPipe: Bool
    var isLocal = false
    /// Called before each read.
    var onRead: (TestSource) throws(UpdateError) -> Void = { _ throws(UpdateError) in }

    init(_ bytes: [UInt8], isPipe: Bool = false) {
        self.bytes = bytes
        self.isPipe = isPipe
        size = isPipe ? nil : bytes.count
    }

    func expect(_ ranges: [Range<Int>]) {}

    func read(at offset: Int, count: Int) throws(UpdateError) -> [UInt8] {
        try onRead(self)
        guard offset >= 0, count <= bytes.count, offset <= bytes.count - count else {
            throw .bundle(.truncated(size: bytes.count))
        }
        if isPipe, offset < position { throw .sourceUnreadable(name, reason: "it cannot go back") }
        fetched += count + (isPipe ? offset - position : 0)
        position = offset + count
        return Array(bytes[offset..<(offset + count)])
    }

    func finish(bundleSize: Int) throws(UpdateError) {
        guard isPipe else { return }
        if bytes.count < bundleSize { throw .bundle(.truncated(size: bytes.count)) }
        if bytes.count > bundleSize { throw .bundle(.trailingBytes) }
    }
}

extension Updater {
    /// One of the test's card, whose writes are small and whose flushes are many.
    init(
        _ card: TestCard, running: Slot = .a, keys: [VerificationKey] = [TestFirmware.key.verificationKey],
        allowsDowngrade: Bool = false, portion: Int = 8192
    ) throws(UpdateError) {
        var policy = Policy(keys: keys)
        policy.allowsDowngrade = allowsDowngrade
        try self.init(card: card, path: "card", running: running, policy: policy)
        pace = Installation.Pace(portion: portion, flushDistance: 32 * 1024)
    }
}

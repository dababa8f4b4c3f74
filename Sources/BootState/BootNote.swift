internal import Checksum

/// What a start of a slot leaves in memory for the boot script of the next one: how far it came.
///
/// Memory survives a reset and not a power cut, so a valid note says that the machine was reset, and after what. It takes
/// a page at ``offset`` from the start of memory, which the boot script reserves in the kernel's device tree
/// (`reserved-memory`, `no-map`). Words are little-endian:
///
/// | word     | holds |
/// | -------- | ----- |
/// | 0        | ``magic`` |
/// | 1        | slot: 0xa or 0xb |
/// | 2        | ``stage`` |
/// | 3        | ``count`` |
/// | 4...1021 | ``filler`` |
/// | 1022     | CRC-32 of words 0 to 1021, little-endian |
/// | 1023     | the same, big-endian |
///
/// U-Boot's `crc32` stores in one of both orders, as it was built (CONFIG_HASH: big-endian; Debian's for Raspberry Pis
/// is without): the boot script looks whether one of both words is what it gets, and writes both in its own order.
///
/// The filler makes a whole page of evidence: after a short power cut memory decays bit by bit, and four words might well
/// come through what a page does not.
public struct BootNote: Sendable, Hashable {
    public enum Stage: UInt8, Sendable, CaseIterable {
        /// The boot script has handed over to the kernel.
        case started = 1
        /// `apus-init` runs.
        case running = 2
        /// A reboot or power-off was asked for.
        case orderly = 3
        /// `apus-init` reboots because the app failed again and again.
        case appGaveUp = 4
        /// The app has reported itself healthy.
        case healthy = 5
    }

    /// From the start of memory: below 128 MiB, which every board has, above the place of the kernel and below that of
    /// QEMU's device tree.
    public static let offset = 0x7f0_0000
    /// Bytes: a page.
    public static let size = 4096
    /// "ANOT", little-endian.
    public static let magic: UInt32 = 0x544f_4e41
    /// Alternating bits, both ways round.
    public static let filler: UInt32 = 0x5aa5_c33c

    /// What ``count`` holds at most.
    public static let maximumCount = Int(UInt8.max)

    public var slot: Slot
    public var stage: Stage
    /// How many starts of this slot in a row ended at ``Stage/started``, this one not included.
    public var count: UInt8

    public init(slot: Slot, stage: Stage, count: UInt8 = 0) {
        self.slot = slot
        self.stage = stage
        self.count = count
    }

    /// The page to write.
    public func encoded() -> [UInt8] {
        let code: UInt32 =
            switch slot {
            case .a: 0xa
            case .b: 0xb
            }
        var words = [Self.magic, code, UInt32(stage.rawValue), UInt32(count)]
        words += Array(repeating: Self.filler, count: Self.size / 4 - 2 - words.count)
        let checksum = crc32(Self.bytes(words))
        return Self.bytes(words + [checksum, checksum.byteSwapped])
    }

    private static func bytes(_ words: [UInt32]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * words.count)
        for word in words {
            for byte in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * byte))) }
        }
        return bytes
    }

    /// Nil when the page holds no note: the power was cut since.
    public init?(decoding page: [UInt8]) {
        guard page.count == Self.size else { return nil }
        func word(_ index: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(page[4 * index + $1]) << (8 * $1) }
        }
        let last = Self.size / 4 - 1
        let checksum = crc32(Array(page[..<(4 * (last - 1))]))
        // Of either order.
        guard [last - 1, last].allSatisfy({ [checksum, checksum.byteSwapped].contains(word($0)) }),
            word(0) == Self.magic, let slot: Slot = word(1) == 0xa ? .a : word(1) == 0xb ? .b : nil,
            let stage = Stage(rawValue: UInt8(truncatingIfNeeded: word(2)))
        else { return nil }
        self.init(slot: slot, stage: stage, count: UInt8(truncatingIfNeeded: word(3)))
        // Says that the high parts of the words and the filler are right, too.
        guard encoded().prefix(4 * (last - 1)) == page.prefix(4 * (last - 1)) else { return nil }
    }
}

import BootState
import Bundle
import Glibc

@testable import Updating

/// A version of a small firmware: a slot image that boots by the boot script's rules, and its bundle.
struct TestFirmware {
    let version: String
    let slot: [UInt8]
    let bundle: [UInt8]
    let head: BundleHead
    let headBytes: [UInt8]

    static let key = SigningKey()

    /// - Parameters:
    ///   - root: for each 8 KiB chunk of the root image what it is filled with; 0: zeros.
    ///   - system: fills kernel and initramfs.
    ///   - isSmall: makes content that compresses well, for a bundle of few bytes.
    init(
        version: String, root: [UInt64], system: UInt64 = 99, board: String = "test", boot: String = "one",
        minimum: Manifest.Minimum = .init(), isSmall: Bool = false, signedBy keys: [SigningKey] = [key]
    ) async throws {
        self.version = version
        func fill(_ seed: UInt64, count: Int) -> [UInt8] {
            guard isSmall, seed != 0 else { return Self.fill(seed, count: count) }
            let pattern = Self.fill(seed, count: 32)
            return (0..<count).map { pattern[$0 % pattern.count] }
        }
        var slot = root.flatMap { fill($0, count: 8192) }
        let hashTree = slot.count / 512
        slot += fill(system &+ 1, count: 4096)
        let verity = slot.count / 512
        slot += try VerityBlock(rootHash: fill(system &+ 2, count: 32)).encoded()
        slot += [UInt8](repeating: 0, count: 4096 - 512)
        let kernel = slot.count / 512
        slot += LegacyImage.make(fill(system &+ 3, count: 24 * 1024 - LegacyImage.headerSize))
        let ramdisk = slot.count / 512
        slot += LegacyImage.make(fill(system &+ 4, count: 16 * 1024 - LegacyImage.headerSize))
        let header = SlotHeader(
            root: UInt32(hashTree), hashTree: UInt32(hashTree), verity: UInt32(verity),
            kernel: UInt32(kernel)..<UInt32(ramdisk), ramdisk: UInt32(ramdisk)..<UInt32(slot.count / 512))
        slot.replaceSubrange(..<512, with: try header.encoded())
        self.slot = slot

        let path = "/tmp/apus-updating-\(UInt64.random(in: .min ... .max))"
        defer { unlink(path) }
        let small = BundleWriter.Part(size: kernel * 512, chunkSize: 8192)
        let large = BundleWriter.Part(size: slot.count - kernel * 512, chunkSize: 16384)
        _ = try await BundleWriter(product: "test", version: version, board: board, minimum: minimum, metadata: [:])
            .write(
                [
                    .init(name: "slot", content: .bytes(slot), parts: [small, large]),
                    .init(name: "boot/config.txt", content: .bytes(Array("\(boot)\n".utf8))),
                ], signedBy: keys, to: path)
        bundle = try Self.read(path)
        let size = try BundleHead.size(prefix: Array(bundle.prefix(BundleHead.prefixSize)))
        headBytes = Array(bundle.prefix(size))
        head = try BundleHead(headBytes, trust: .unchecked)
    }

    /// What lies in a slot it was installed into.
    var installed: [UInt8] {
        let padding = SlotDirectory.offset(payloadSize: slot.count) - slot.count
        return slot + [UInt8](repeating: 0, count: padding) + SlotDirectory.encoded(head: headBytes)
    }

    static func read(_ path: String) throws -> [UInt8] {
        let source = try FileSource(path)
        return try source.read(at: 0, count: source.size ?? 0)
    }

    /// Bytes that do not compress, the same for the same seed; zeros for 0.
    static func fill(_ seed: UInt64, count: Int) -> [UInt8] {
        if seed == 0 { return [UInt8](repeating: 0, count: count) }
        var random = Seeded(state: seed)
        return (0..<(count / 8)).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

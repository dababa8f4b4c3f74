import BootState
import Bundle
import Card
import Glibc
import Testing

@testable import Updating

struct HostileBundleTests {
    private static func firmware() async throws -> (old: TestFirmware, new: TestFirmware) {
        (
            try await TestFirmware(version: "1.0", root: [1, 2], isSmall: true),
            try await TestFirmware(version: "1.1", root: [11, 2, 13], system: 200, isSmall: true)
        )
    }

    /// Installs and judges: a slot is tried only if all of it is as signed.
    private static func judge(
        _ bundle: [UInt8], _ new: TestFirmware, _ old: TestFirmware, isPipe: Bool, _ context: @autoclosure () -> String
    ) throws -> (installed: Bool, written: Bool) {
        let card = try TestCard(a: old)
        do {
            _ = try Updater(card, portion: 1 << 20).install(from: TestSource(bundle, isPipe: isPipe))
            #expect(card.bytes[TestCard.slotB].starts(with: new.slot), "\(context())")
            return (true, true)
        } catch {
            #expect(card.state?.trial == nil, "\(context())")
            #expect([.notABundle, .truncated, .signature, .damaged].contains(error.exitCode), "\(error), \(context())")
            return (false, !card.log.isEmpty)
        }
    }

    @Test func everyByteOfABundleChanged() async throws {
        let (old, new) = try await Self.firmware()
        // What is in the running slot, is zeros, or is no part of the slot is not read at all.
        let needed = new.head.chunks.of(payload: 0).filter { chunk in
            !chunk.isZero && !old.head.chunks.of(payload: 0).contains { $0.sha256 == chunk.sha256 }
        }
        var random = Seeded(state: 1)
        var refused = 0
        for index in new.bundle.indices {
            var bundle = new.bundle
            bundle[index] ^= UInt8.random(in: 1...255, using: &random)
            let (installed, written) = try Self.judge(bundle, new, old, isPipe: index % 2 == 1, "byte \(index)")
            let isHead = index < new.headBytes.count
            if isHead { #expect(!installed && !written, "byte \(index)") }
            if needed.contains(where: { $0.storedOffset..<$0.storedOffset + $0.storedSize ~= index }) {
                #expect(!installed, "byte \(index)")
            }
            if !installed { refused += 1 }
        }
        print("hostile bundles: \(new.bundle.count) changed bytes, \(refused) refused, the others were not needed")
        #expect(refused > new.headBytes.count)
    }

    @Test(arguments: [false, true]) func everyTruncation(isPipe: Bool) async throws {
        let (old, new) = try await Self.firmware()
        for length in 0..<new.bundle.count {
            let (installed, written) = try Self.judge(
                Array(new.bundle.prefix(length)), new, old, isPipe: isPipe, "first \(length) bytes")
            #expect(!installed, "first \(length) bytes")
            // Only a pipe keeps its length to itself.
            #expect(!written || isPipe && length >= new.headBytes.count, "first \(length) bytes")
        }
        let (installed, written) = try Self.judge(new.bundle + [0], new, old, isPipe: isPipe, "a byte more")
        #expect(!installed && (!written || isPipe))
    }

    /// The second half is another bundle's by the time it is read.
    @Test func aSourceThatChanges() async throws {
        let old = try await TestFirmware(version: "1.0", root: [1])
        let new = try await TestFirmware(version: "1.1", root: [11, 12, 13])
        let other = try await TestFirmware(version: "1.2", root: [21, 22, 23])
        for reads in 2..<5 {
            let card = try TestCard(a: old)
            let source = TestSource(new.bundle)
            var count = 0
            source.onRead = { source throws(UpdateError) in
                count += 1
                if count > reads { source.bytes = Array(new.headBytes) + other.bundle.dropFirst(new.headBytes.count) }
            }
            let error = #expect(throws: UpdateError.self) { try Updater(card).install(from: source) }
            #expect(error?.exitCode == .damaged)
            #expect(card.state?.trial == nil)
            #expect(card.state?.bad == .b)
            // And with the right one it goes on where it stopped.
            let again = TestSource(new.bundle)
            #expect(try Updater(card).install(from: again).outcome == .installed)
        }
    }

    @Test func aPipeThatStalls() async throws {
        let new = try await TestFirmware(version: "1.1", root: [11])
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let bytes = Array(new.bundle.prefix(100))
        #expect(write(ends[1], bytes, bytes.count) == 100)
        defer { for end in ends { close(end) } }
        let source = try FileSource("/proc/self/fd/\(ends[0])", limit: .milliseconds(50))
        let card = try await TestCard(a: TestFirmware(version: "1.0", root: [1]))
        let error = #expect(throws: UpdateError.self) { try Updater(card).install(from: source) }
        #expect(error == .sourceStalled(source.name))
        #expect(card.log.isEmpty)
    }

    /// A directory that lies about the running slot costs a fetch, nothing more.
    @Test func aDirectoryThatLies() async throws {
        let old = try await TestFirmware(version: "1.0", root: [1, 2, 3])
        let new = try await TestFirmware(version: "1.1", root: [11, 2, 3])
        let card = try TestCard(a: old)
        card.bytes[TestCard.slotA.lowerBound + 8192 + 100] ^= 1
        let result = try Updater(card).install(from: TestSource(new.bundle))
        #expect(result.outcome == .installed)
        #expect(card.bytes[TestCard.slotB].starts(with: new.installed))
        // And one that is garbage is none.
        let other = try TestCard(a: old)
        let place = TestCard.slotA.lowerBound + SlotDirectory.offset(payloadSize: old.slot.count)
        for byte in 0..<(SlotDirectory.prefixSize + old.headBytes.count) where byte % 7 == 0 {
            let card = TestCard(other.bytes)
            card.bytes[place + byte] ^= 0xFF
            #expect(try Updater(card).install(from: TestSource(new.bundle)).outcome == .installed)
            #expect(card.bytes[TestCard.slotB].starts(with: new.installed))
        }
    }
}

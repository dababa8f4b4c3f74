import BootState
import Bundle
import Foundation
import Testing

@testable import fwtool

struct CardImageTests {
    private let folder: ScratchFolder
    private let profile: BoardProfile
    private let key = SigningKey()
    private let slot: [UInt8]

    init() throws {
        folder = try ScratchFolder()
        profile = try BoardCatalog.installed().profile("virt")
        // Data, a hole of two chunks, data.
        slot =
            Array(repeating: 0xA5, count: 5000) + Array(repeating: 0, count: 2 << 20)
            + Array(repeating: 0x5A, count: 99)
    }

    private func bundle(board: String = "virt") async throws -> URL {
        let file = folder.url.appendingPathComponent("\(board).apus")
        try await BundleWriter(product: "App", version: "1", board: board, metadata: [:]).write(
            [
                .init(name: Manifest.slotName, content: .bytes(slot)),
                .init(name: "boot/boot.scr", content: .bytes(Array("script".utf8))),
                .init(name: "boot/overlays/a.dtbo", content: .bytes(Array("overlay".utf8))),
            ], signedBy: [key], to: file.path)
        return file
    }

    private func write(
        _ bundle: URL, trust: BundleTrust? = nil, settings: [String: String] = [:],
        options: [BoardProfile.Option] = []
    ) throws -> URL {
        let image = folder.url.appendingPathComponent("card.img")
        try CardImage(
            profile: profile, provisioning: Provisioning(settings), options: options,
            progress: { Progress($0, quiet: true) }
        )
        .write(bundle, trust: trust ?? .keys([key.verificationKey]), to: image)
        return image
    }

    private func bytes(_ image: URL, _ offset: Int, _ count: Int) throws -> [UInt8] {
        let handle = try FileHandle(forReadingFrom: image)
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(offset))
        return [UInt8](try handle.read(upToCount: count) ?? Data())
    }

    @Test func holdsEverythingInItsPlace() async throws {
        let bundle = try await bundle()
        let image = try write(bundle, settings: ["broker": "mqtt://b:1883", "serial": "d1"])
        let layout = CardImage.layout(profile)

        #expect(try bytes(image, 440, 4) == Array("APUS".utf8))
        let copies = try BootState.copyOffsets.map { try bytes(image, $0, BootState.blockSize) }
        #expect(BootState.choose(copies[0], copies[1])?.state == .initial)
        #expect(try bytes(image, layout[1].offset, slot.count) == slot)
        let head = try BundleReader(path: bundle.path, trust: .unchecked).head
        let directory = layout[1].offset + SlotDirectory.offset(payloadSize: slot.count)
        #expect(
            SlotDirectory.headSize(prefix: try bytes(image, directory, SlotDirectory.prefixSize)) == head.size)
        #expect(
            try bytes(image, directory + SlotDirectory.prefixSize, head.size)
                == Array(
                    try Data(contentsOf: bundle).prefix(head.size)))
        #expect(try bytes(image, layout[2].offset, 4096).allSatisfy { $0 == 0 })

        let volume = "\(image.path)@@\(layout[0].offset)"
        #expect(try Command("mtype", ["-i", volume, "::/boot.scr"]).run() == "script")
        #expect(try Command("mtype", ["-i", volume, "::/overlays/a.dtbo"]).run() == "overlay")
        let data = "\(image.path)?offset=\(layout[3].offset)"
        #expect(try Command("debugfs", ["-R", "ls -p /", data]).run().contains("/apus/"))
        for offset in Provisioning.copyOffsets {
            let copy = try bytes(image, offset, Provisioning.blockSize)
            #expect(Provisioning(copies: [copy]).values == ["broker": "mqtt://b:1883", "serial": "d1"])
        }
        #expect(try Command("e2fsck", ["-fn", data]).execute().status == 0)
        // The partition table says the same as the layout.
        let table = try Command("sfdisk", ["-d", image.path]).run()
        for part in layout { #expect(table.contains("start=\(pad(part.offset / 512)), size=\(pad(part.size / 512))")) }
    }

    @Test func optionsChangeTheDeviceTrees() async throws {
        let tree = folder.url.appendingPathComponent("a.dtb")
        try Command("dtc", ["-q", "-O", "dtb", "-o", tree.path, "-"]).run(
            input: Data("/dts-v1/; / { spi { status = \"disabled\"; }; };".utf8))
        let file = folder.url.appendingPathComponent("virt.apus")
        let bytes = [UInt8](try Data(contentsOf: tree))
        try await BundleWriter(product: "App", version: "1", board: "virt", metadata: [:]).write(
            [
                .init(name: Manifest.slotName, content: .bytes(slot)),
                .init(name: "boot/a.dtb", content: .bytes(bytes)),
                .init(name: "boot/a.bin", content: .bytes(bytes)),
            ], signedBy: [key], to: file.path)
        let edit = DeviceTreeEdit(node: "/spi", set: ["status": .string("okay")], delete: [], deletesChildren: false)
        let image = try write(file, options: [.init(name: "spi", edits: [edit])])
        let volume = "\(image.path)@@\(CardImage.layout(profile)[0].offset)"
        for (name, status) in [("a.dtb", "okay"), ("a.bin", "disabled")] {
            try Command("mcopy", ["-n", "-o", "-i", volume, "::/\(name)", tree.path]).run()
            #expect(try Command("fdtget", [tree.path, "/spi", "status"]).run() == "\(status)\n")
        }
    }

    private func pad(_ number: Int) -> String {
        String(repeating: " ", count: 12 - String(number).count) + String(number)
    }

    @Test func aWrongKeyOrBoardOrADamagedBundleLeavesNothing() async throws {
        let good = try await bundle()
        #expect(throws: BundleError.self) { try write(good, trust: .keys([SigningKey().verificationKey])) }
        let other = try await bundle(board: "rpi4")
        #expect(throws: FwtoolError.self) { try write(other) }
        var data = try Data(contentsOf: good)
        data[data.count - 10] ^= 1
        try data.write(to: good)
        #expect(throws: BundleError.self) { try write(good) }
        #expect(folder.names == ["rpi4.apus", "virt.apus"])
    }

    @Test func anExistingImageSurvivesAFailure() async throws {
        let image = folder.url.appendingPathComponent("card.img")
        try Data("old".utf8).write(to: image)
        let good = try await bundle()
        try (try Data(contentsOf: good)).dropLast(5).write(to: good)
        #expect(throws: BundleError.self) { try write(good) }
        #expect(try Data(contentsOf: image) == Data("old".utf8))
    }
}

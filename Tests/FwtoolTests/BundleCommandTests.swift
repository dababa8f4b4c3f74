import Bundle
import Foundation
import JSON
import Testing

@testable import fwtool

struct BundleCommandTests {
    /// A folder with a signed bundle `b.apus`, its keys `k.key` and `k.pub`, and a strange `other.pub`.
    private func folderWithBundle() async throws -> (ScratchFolder, id: String, keyID: String) {
        let folder = try ScratchFolder()
        func path(_ name: String) -> String { folder.url.appendingPathComponent(name).path }
        let key = SigningKey()
        try key.write(toNewFile: path("k.key"))
        try key.verificationKey.write(toNewFile: path("k.pub"))
        try SigningKey().verificationKey.write(toNewFile: path("other.pub"))
        let writer = BundleWriter(product: "Demo", version: "1.2", board: "virt", metadata: ["zstd": "1.5.4"])
        let slot = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 1000) }
        let manifest = try await writer.write(
            [
                BundleWriter.Source(name: "slot", content: .bytes(slot)),
                BundleWriter.Source(name: "boot/config.txt", content: .bytes([1, 2, 3])),
            ], signedBy: [key], to: path("b.apus"))
        return (folder, manifest.id, key.verificationKey.id)
    }

    private func damage(_ folder: ScratchFolder, _ change: (inout Data) -> Void) throws {
        let url = folder.url.appendingPathComponent("b.apus")
        var bytes = try Data(contentsOf: url)
        change(&bytes)
        try bytes.write(to: url)
    }

    @Test func inspectSaysThatItDidNotCheck() async throws {
        let (folder, id, keyID) = try await folderWithBundle()
        let run = try FwtoolRun("bundle", "inspect", "b.apus", in: folder.url)
        #expect(run.status == 0 && run.errors.isEmpty)
        for line in [
            "product   Demo\n", "version   1.2\n", "board     virt\n", "id        \(id)\n",
            "nickname  \(Nickname(of: id))\n", ", 4 chunks\n",
            "signers   \(keyID): signature not checked; check with --key\n", "  slot             3.0 MB, ",
            "  boot/config.txt  3 bytes, ",
            "  zstd  1.5.4\n",
        ] {
            #expect(run.output.contains(line))
        }
        let checked = try FwtoolRun("bundle", "inspect", "b.apus", "--key", "k.pub", in: folder.url)
        #expect(checked.output.contains("signers   \(keyID): signature checked\n"))
    }

    @Test func inspectPrintsJSON() async throws {
        let (folder, id, keyID) = try await folderWithBundle()
        let unchecked = try FwtoolRun("bundle", "inspect", "b.apus", "--json", in: folder.url)
        let object = try #require(try JSON(parsing: unchecked.output).objectValue)
        #expect(object["signatureChecked"] == false)
        #expect(object["signers"] == [.string(keyID)])
        #expect(object["verifiedSigners"] == [])
        #expect(object["manifest"]?.objectValue?["id"] == .string(id))
        let checked = try FwtoolRun("bundle", "inspect", "b.apus", "--json", "--key", "k.pub", in: folder.url)
        let checkedObject = try #require(try JSON(parsing: checked.output).objectValue)
        #expect(checkedObject["signatureChecked"] == true)
        #expect(checkedObject["verifiedSigners"] == [.string(keyID)])
    }

    @Test func inspectShowsPackagesAndTheOldestVersion() async throws {
        let folder = try ScratchFolder()
        let bundle = folder.url.appendingPathComponent("b.apus").path
        let writer = BundleWriter(
            product: "Demo", version: "1.2", board: "virt", minimum: .init(version: "1.0", bootInterface: 2),
            metadata: [:])
        try await writer.write(
            [.init(name: Manifest.sbomName, content: .bytes(try BillOfMaterialsTests.bill.document()))],
            signedBy: [SigningKey()], to: bundle)
        let run = try FwtoolRun("bundle", "inspect", "b.apus", in: folder.url)
        #expect(run.status == 0)
        for line in ["minimum   version 1.0\n", "minimum   boot interface 2\n", "  libstdc++6  1:14.2.0-19\n"] {
            #expect(run.output.contains(line))
        }
        let json = try FwtoolRun("bundle", "inspect", "b.apus", "--json", in: folder.url)
        let object = try #require(try JSON(parsing: json.output).objectValue)
        #expect(object["sbom"]?.objectValue?["spdxVersion"] == "SPDX-2.3")
    }

    @Test func signAddsAndReplaces() async throws {
        let (folder, id, keyID) = try await folderWithBundle()
        let made = try FwtoolRun("keys", "new", "next", in: folder.url)
        #expect(made.status == 0)
        let next = try VerificationKey(contentsOfFile: folder.url.appendingPathComponent("next.pub").path).id
        let added = try FwtoolRun("bundle", "sign", "b.apus", "--key", "next.key", in: folder.url)
        #expect(added.status == 0 && added.errors.isEmpty)
        #expect(added.output == "b.apus: signed by \(keyID), \(next)\n")
        for key in ["k.pub", "next.pub"] {
            let run = try FwtoolRun("bundle", "verify", "b.apus", "--key", key, "--json", in: folder.url)
            #expect(try JSON(parsing: run.output).objectValue?["id"] == .string(id))
        }
        let replaced = try FwtoolRun(
            "bundle", "sign", "b.apus", "--key", "next.key", "--replace", "--json", in: folder.url)
        #expect(try JSON(parsing: replaced.output).objectValue?["signers"] == [.string(next)])
        #expect(try FwtoolRun("bundle", "verify", "b.apus", "--key", "k.pub", in: folder.url).status == 1)

        let noKey = try FwtoolRun("bundle", "sign", "b.apus", in: folder.url)
        #expect(noKey.status == 1 && noKey.errors.hasPrefix("error: no key to sign with is named; "))
        let noBundle = try FwtoolRun("bundle", "sign", "k.key", "--key", "k.key", in: folder.url)
        #expect(noBundle.errors.hasPrefix("error: k.key: this is not an Apus bundle; "))
    }

    /// One block of the slot changed, one boot file added; counted by hand from the heads.
    @Test func diffCountsWhatAnUpdateFetches() async throws {
        let folder = try ScratchFolder()
        func write(_ name: String, _ slot: [UInt8], _ more: [BundleWriter.Source]) async throws {
            try await BundleWriter(product: "Demo", version: name, board: "virt", metadata: [:]).write(
                [.init(name: "slot", content: .bytes(slot), parts: [.init(size: slot.count, chunkSize: 4096)])] + more,
                signedBy: [SigningKey()], to: folder.url.appendingPathComponent("\(name).apus").path)
        }
        var slot = (0..<(10 * 4096)).map { _ in UInt8.random(in: 1 ... .max) }
        try await write("1", slot, [])
        slot[3 * 4096] = 0
        slot[4 * 4096] = 0
        // Moved, and zeros: both free.
        slot += slot.prefix(4096) + [UInt8](repeating: 0, count: 4096)
        try await write("2", slot, [.init(name: "boot/a", content: .bytes([1]))])

        let run = try FwtoolRun("bundle", "diff", "1.apus", "2.apus", "--json", in: folder.url)
        #expect(run.status == 0)
        let object = try #require(try JSON(parsing: run.output).objectValue)
        let head = try BundleReader(path: folder.url.appendingPathComponent("2.apus").path, trust: .unchecked).head
        #expect(object["headSize"]?.integerValue == Int64(head.size))
        #expect(object["fetchedSize"]?.integerValue == Int64(head.size + 2 * 4096))
        #expect(object["slotRanges"] == [["offset": 12288, "size": 8192, "storedSize": 8192]])
        #expect(
            object["payloads"] == [
                ["name": "slot", "change": "changed", "fromSize": 40960, "toSize": 49152],
                ["name": "boot/a", "change": "added", "fromSize": 0, "toSize": 1],
            ])
        let text = try FwtoolRun("bundle", "diff", "1.apus", "2.apus", in: folder.url)
        #expect(text.output.hasPrefix("version   1 -> 2\nbundle    "))
        #expect(text.output.contains("  from 12288: 8192 bytes, 8192 bytes in the bundle\n"))
        let same = try FwtoolRun("bundle", "diff", "2.apus", "2.apus", in: folder.url)
        #expect(same.output.contains(", the same content\n"))
    }

    @Test func verifyAcceptsASoundBundle() async throws {
        let (folder, id, keyID) = try await folderWithBundle()
        let run = try FwtoolRun(
            "bundle", "verify", "b.apus", "--key", "other.pub", "--key", "k.pub", in: folder.url)
        #expect(run.status == 0)
        #expect(run.output == "Demo 1.2 for virt, \(Nickname(of: id)): signed by \(keyID), all 4 chunks sound\n")
        let json = try FwtoolRun("bundle", "verify", "b.apus", "--key", "k.pub", "--json", in: folder.url)
        #expect(try JSON(parsing: json.output).objectValue?["id"] == .string(id))
    }

    @Test func verifyNamesTheDamage() async throws {
        let (folder, _, keyID) = try await folderWithBundle()
        let strange = try FwtoolRun("bundle", "verify", "b.apus", "--key", "other.pub", in: folder.url)
        #expect(strange.status == 1 && strange.output.isEmpty)
        #expect(strange.errors.hasPrefix("error: b.apus: the bundle is signed by \(keyID), no trusted key; sign it"))

        try damage(folder) { $0[$0.count - 1] ^= 1 }
        let chunk = try FwtoolRun("bundle", "verify", "b.apus", "--key", "k.pub", in: folder.url)
        #expect(chunk.status == 1 && chunk.output.isEmpty)
        #expect(chunk.errors.hasPrefix("error: b.apus: the chunk at byte "))

        try damage(folder) { $0.removeLast() }
        let cut = try FwtoolRun("bundle", "inspect", "b.apus", in: folder.url)
        #expect(cut.status == 1 && cut.output.isEmpty)
        #expect(cut.errors.hasPrefix("error: b.apus: the bundle is cut off after "))

        try damage(folder) { $0[40] ^= 1 }
        let manifest = try FwtoolRun("bundle", "verify", "b.apus", "--key", "k.pub", in: folder.url)
        #expect(manifest.errors.hasPrefix("error: b.apus: the bundle was changed after key \(keyID) signed it; "))
    }

    @Test func refusesWhatIsNoBundleOrKey() async throws {
        let (folder, _, _) = try await folderWithBundle()
        for (arguments, errors) in [
            (("none.apus", "k.pub"), "error: cannot open none.apus: No such file or directory\n"),
            (("b.apus", "none.pub"), "error: cannot open none.pub: No such file or directory\n"),
            (
                ("k.key", "k.pub"), "error: k.key: this is not an Apus bundle; name a file that `fwtool build` made\n"
            ),
            (
                ("b.apus", "k.key"),
                "error: k.key: this is a private key where a public key is needed; name its .pub file, and keep the "
                    + "private key to yourself\n"
            ),
            (
                ("b.apus", "b.apus"),
                "error: b.apus: this is not a key in PEM format; make one with `fwtool keys new`\n"
            ),
        ] {
            let run = try FwtoolRun("bundle", "verify", arguments.0, "--key", arguments.1, in: folder.url)
            #expect(run.status == 1 && run.output.isEmpty)
            #expect(run.errors == errors)
        }
    }

    @Test func wrongUsageExitsWithTwo() throws {
        let folder = try ScratchFolder()
        for run in [
            try FwtoolRun("bundle", "verify", "b.apus", in: folder.url),
            try FwtoolRun("bundle", "inspect", in: folder.url),
            try FwtoolRun("bundle", "inspect", "b.apus", "--nonsense", in: folder.url),
            try FwtoolRun("nonsense", in: folder.url),
        ] {
            #expect(run.status == 2 && run.output.isEmpty)
            #expect(run.errors.hasPrefix("error: "))
            #expect(run.errors.contains("\nUsage: fwtool"))
        }
    }

    @Test func helpHasExamplesAndSucceeds() throws {
        let folder = try ScratchFolder()
        for command in [
            ["keys", "new"], ["bundle", "inspect"], ["bundle", "verify"], ["bundle", "diff"], ["bundle", "sign"],
        ] {
            let run = try FwtoolRun(command[0], command[1], "--help", in: folder.url)
            #expect(run.status == 0 && run.errors.isEmpty)
            #expect(run.output.contains("\n  fwtool \(command[0]) \(command[1])"))
        }
        let completions = try FwtoolRun("--generate-completion-script", "bash", in: folder.url)
        #expect(completions.status == 0 && completions.output.hasPrefix("#!/bin/bash"))
    }
}

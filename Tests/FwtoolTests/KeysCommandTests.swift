import Bundle
import Foundation
import JSON
import Testing

struct KeysCommandTests {
    @Test func makesAPairThatBelongsTogether() throws {
        let folder = try ScratchFolder()
        let run = try FwtoolRun("keys", "new", "release", "--json", in: folder.url)
        #expect(run.status == 0 && run.errors.isEmpty)
        #expect(folder.names == ["release.key", "release.pub"])
        let privatePath = folder.url.appendingPathComponent("release.key").path
        let attributes = try FileManager.default.attributesOfItem(atPath: privatePath)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let key = try SigningKey(contentsOfFile: privatePath)
        let publicKey = try VerificationKey(contentsOfFile: folder.url.appendingPathComponent("release.pub").path)
        #expect(key.verificationKey == publicKey)
        #expect(
            try JSON(parsing: run.output)
                == ["id": .string(publicKey.id), "privateKey": "release.key", "publicKey": "release.pub"])
    }

    @Test func namesThePairForPeople() throws {
        let folder = try ScratchFolder()
        let keys = folder.url.appendingPathComponent("my keys")
        try FileManager.default.createDirectory(at: keys, withIntermediateDirectories: true)
        let run = try FwtoolRun("keys", "new", "--directory", "my keys", in: folder.url)
        #expect(run.status == 0)
        let id = try VerificationKey(contentsOfFile: keys.appendingPathComponent("signing.pub").path).id
        #expect(run.output.hasPrefix("key \(id)\n"))
        #expect(run.output.contains("  my keys/signing.key  private"))
    }

    /// Made with a passphrase from a file, used with one from the environment; without a terminal to ask on, an error.
    @Test func encryptedKeysNeedThePassphrase() async throws {
        let folder = try ScratchFolder()
        try Data("correct horse\nsecond line\n".utf8).write(to: folder.url.appendingPathComponent("words"))
        let run = try FwtoolRun("keys", "new", "--encrypted", "--passphrase-file", "words", in: folder.url)
        #expect(run.status == 0 && run.errors.isEmpty)
        let path = folder.url.appendingPathComponent("signing.key").path
        #expect(throws: KeyError.encrypted) { try SigningKey(contentsOfFile: path) }
        let key = try SigningKey(contentsOfFile: path, passphrase: Array("correct horse".utf8))
        try await BundleWriter(product: "p", version: "1", board: "b", metadata: [:]).write(
            [], signedBy: [SigningKey()], to: folder.url.appendingPathComponent("b.apus").path)

        let wrong = try FwtoolRun(
            "bundle", "sign", "b.apus", "--key", "signing.key", in: folder.url,
            environment: ["APUS_KEY_PASSPHRASE": "battery"])
        #expect(wrong.status == 1)
        #expect(
            wrong.errors.hasPrefix(
                "error: the key signing.key cannot be used: the passphrase does not open the private key; "))
        let right = try FwtoolRun(
            "bundle", "sign", "b.apus", "--key", "signing.key", "--replace", in: folder.url,
            environment: ["APUS_KEY_PASSPHRASE": "correct horse"])
        #expect(right.status == 0)
        #expect(right.output == "b.apus: signed by \(key.verificationKey.id)\n")
        let none = try FwtoolRun(
            "bundle", "sign", "b.apus", "--key", "signing.key", "--passphrase-file", "nowhere", in: folder.url)
        #expect(none.status == 1 && none.errors.hasPrefix("error: the passphrase file nowhere cannot be read; "))
        try Data("\nsecond line".utf8).write(to: folder.url.appendingPathComponent("empty"))
        let empty = try FwtoolRun(
            "keys", "new", "other", "--encrypted", "--passphrase-file", "empty", in: folder.url)
        #expect(empty.status == 1 && empty.errors.hasPrefix("error: an empty passphrase protects nothing; "))
        #expect(folder.names == ["b.apus", "empty", "signing.key", "signing.pub", "words"])
    }

    @Test(arguments: ["signing.key", "signing.pub"])
    func neverOverwrites(existing: String) throws {
        let folder = try ScratchFolder()
        let file = folder.url.appendingPathComponent(existing)
        try Data("precious".utf8).write(to: file)
        let run = try FwtoolRun("keys", "new", in: folder.url)
        #expect(run.status == 1 && run.output.isEmpty)
        #expect(
            run.errors == "error: \(existing) exists already; choose another name: an overwritten key is lost\n")
        #expect(folder.names == [existing])
        #expect(try Data(contentsOf: file) == Data("precious".utf8))
    }

    @Test func missingFolderIsNamed() throws {
        let folder = try ScratchFolder()
        let run = try FwtoolRun("keys", "new", "--directory", "none", in: folder.url)
        #expect(run.status == 1)
        #expect(run.errors == "error: there is no folder none; create it: mkdir -p none\n")
    }

    @Test(arguments: ["a/b", "", ".hidden", "../x"])
    func refusesNamesThatAreNone(name: String) throws {
        let folder = try ScratchFolder()
        let run = try FwtoolRun("keys", "new", name, in: folder.url)
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.errors.hasPrefix("error: '\(name)' is no file name; to choose a folder use --directory\nUsage: "))
        #expect(folder.names.isEmpty)
    }
}

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

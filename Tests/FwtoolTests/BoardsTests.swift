import Foundation
import JSON
import Testing

@testable import fwtool

@Suite struct BoardsTests {
    let catalog = BoardCatalog(directory: BoardProfileTests.directory)

    @Test func theBoardsAreListedByName() throws {
        #expect(try catalog.names() == ["rpi3", "rpi4", "virt"])
        #expect(try catalog.profiles().map(\.name) == ["rpi3", "rpi4", "virt"])
    }

    @Test func anUnknownBoardIsRefusedWithTheNearest() {
        #expect { try catalog.profile("rip4") } throws: {
            "\($0)"
                == "there is no board 'rip4'; did you mean rpi4? known boards: rpi3, rpi4, virt; "
                + "or name a file: ./my-board.yaml"
        }
        #expect { try catalog.profile("beaglebone") } throws: {
            "\($0)".hasPrefix("there is no board 'beaglebone'; known boards: rpi3, rpi4, virt")
        }
    }

    @Test func aProfileOfOnesOwnIsNamedByItsPath() throws {
        let path = BoardProfileTests.directory.appendingPathComponent("virt.yaml").path
        #expect(try catalog.profile(path).name == "virt")
        #expect { try catalog.profile("./absent.yaml") } throws: { "\($0)".contains("absent.yaml cannot be read") }
    }

    @Test func aProfileMustBearItsFilesName() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("boards-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(BoardProfileTests.minimal.utf8).write(to: folder.appendingPathComponent("other.yaml"))
        #expect { try BoardCatalog(directory: folder).profile("other") } throws: {
            "\($0)".contains("describes a board named 'demo'")
        }
    }

    @Test func theDetailsNameEveryModuleWithItsReason() throws {
        let profile = try catalog.profile("rpi3")
        for module in profile.modules.initramfs + profile.modules.root {
            #expect(profile.details.contains("\(module.name): \(module.reason)"))
        }
        #expect(profile.details.contains("Raspberry Pi Zero 2 W"))
    }

    @Test func theJSONNamesTheBoard() throws {
        let json = try catalog.profile("rpi4").json
        #expect(json.objectValue?["name"]?.stringValue == "rpi4")
        #expect(json.objectValue?["partitions"]?.objectValue?["slot"]?.integerValue == 256)
        #expect(json.objectValue?["modules"]?.objectValue?["initramfs"]?.arrayValue?.isEmpty == false)
    }

    @Test(arguments: [
        ("rip4", "rpi4"), ("rpi", "rpi3"), ("RPI4", "rpi4"), ("vrit", "virt"),
    ])
    func aNearNameIsFound(_ word: String, _ expected: String) {
        #expect(NearestMatch.of(word, in: ["rpi3", "rpi4", "virt"]) == expected)
    }

    @Test(arguments: ["", "beagle", "x", String(repeating: "rpi4", count: 100)])
    func aFarNameIsNot(_ word: String) {
        #expect(NearestMatch.of(word, in: ["rpi3", "rpi4", "virt"]) == nil)
    }
}

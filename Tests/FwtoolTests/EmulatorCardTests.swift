import BootState
import Foundation
import Testing

@testable import fwtool

@Suite struct EmulatorCardTests {
    /// A card of four small partitions: FAT with two files, two empty ones, ext4.
    static func makeCard(in folder: URL) throws -> URL {
        let file = folder.appendingPathComponent("card, of test.img")
        #expect(FileManager.default.createFile(atPath: file.path, contents: nil))
        let handle = try FileHandle(forUpdating: file)
        try handle.truncate(atOffset: 23 << 20)
        try handle.close()
        let table = """
            label: dos
            label-id: 0x53555041
            start=2048,size=16384,type=c
            start=18432,size=2048,type=83
            start=20480,size=2048,type=83
            start=22528,size=16384,type=83

            """
        try Command("sfdisk", ["-q", "--no-reread", file.path]).run(input: Data(table.utf8))
        try Command("mkfs.vfat", ["--offset", "2048", file.path, "8192"]).run()
        let text = folder.appendingPathComponent("hello.txt")
        try Data("hello".utf8).write(to: text)
        try Command("mcopy", ["-i", "\(file.path)@@\(2048 * 512)", text.path, "::/hello.txt"]).run()
        try Command("mke2fs", ["-q", "-t", "ext4", "-E", "offset=\(22528 * 512)", file.path, "8192k"]).run()
        return file
    }

    static func withFolder(_ body: (URL) throws -> Void) throws {
        try TemporaryFolder.with(beside: FileManager.default.temporaryDirectory.appendingPathComponent("card"), body)
    }

    @Test func thePartitionsAreRead() throws {
        try Self.withFolder { folder in
            let card = try EmulatorCard(file: try Self.makeCard(in: folder))
            #expect(card.partitions.map { Int($0.lowerBound / 512) } == [2048, 18432, 20480, 22528])
            #expect(card.partitions.map { Int($0.count) / 512 } == [16384, 2048, 2048, 16384])
        }
    }

    @Test func aCopyIsGrownAndItsOriginalUntouched() throws {
        try Self.withFolder { folder in
            let file = try Self.makeCard(in: folder)
            let before = try Data(contentsOf: file)
            let copy = try EmulatorCard(file: file).copy(to: folder.appendingPathComponent("copy.img"))
            try copy.provision([("broker", "mqtt://10.0.2.2:1"), ("console", "shell")])
            #expect(try Data(contentsOf: file) == before)
            let attributes = try FileManager.default.attributesOfItem(atPath: copy.file.path)
            #expect(attributes[.size] as? UInt64 == 32 << 20)
        }
    }

    @Test func settingsReplaceThoseOnTheCard() throws {
        try Self.withFolder { folder in
            let card = try EmulatorCard(file: try Self.makeCard(in: folder))
            try card.provision([("a", "1")])
            try card.provision([("b", "two words = fine")])
            let bytes = [UInt8](try Data(contentsOf: card.file))
            let copies = Provisioning.copyOffsets.map { Array(bytes[$0..<($0 + Provisioning.blockSize)]) }
            #expect(copies.map { Provisioning(copies: [$0]).text } == ["b=two words = fine\n", "b=two words = fine\n"])
        }
    }

    @Test(arguments: [("", "x"), ("a b", "x"), ("a=b", "x"), ("a", "x\ny"), ("ä", "x")])
    func aSettingThatIsNotOneLineIsRefused(_ key: String, _ value: String) throws {
        try Self.withFolder { folder in
            let card = try EmulatorCard(file: try Self.makeCard(in: folder))
            #expect { try card.provision([(key, value)]) } throws: { "\($0)".contains("NAME=VALUE") }
        }
    }

    @Test func aBootFileIsExtracted() throws {
        try Self.withFolder { folder in
            let card = try EmulatorCard(file: try Self.makeCard(in: folder))
            let target = folder.appendingPathComponent("out")
            try card.extract("hello.txt", to: target)
            #expect(try String(contentsOf: target, encoding: .utf8) == "hello")
            #expect { try card.extract("u-boot.bin", to: target) } throws: {
                "\($0)".contains("u-boot.bin cannot be read from the boot partition")
            }
        }
    }

    @Test func aCardOfAnotherBoardIsRefused() throws {
        try Self.withFolder { folder in
            let card = try EmulatorCard(file: try Self.makeCard(in: folder))
            let board = try BoardProfileTests.decode(
                BoardProfileTests.minimal.replacingOccurrences(of: "demo/u-boot.bin", with: "demo/hello.txt")
                    .replacingOccurrences(of: "demo.dtb", with: "HELLO.dtb"))
            #expect { try card.check(isFor: board) } throws: {
                "\($0)".contains("is not built for demo: it has no HELLO.dtb")
            }
            var own = board
            own.boot.files.removeLast()
            try card.check(isFor: own)
            own.boot.config = "kernel=u-boot.bin"
            #expect { try card.check(isFor: own) } throws: { "\($0)".contains("it has no config.txt") }
        }
    }

    @Test func aFileThatIsNoCardIsRefused() throws {
        try Self.withFolder { folder in
            let file = folder.appendingPathComponent("file")
            #expect { try EmulatorCard(file: file) } throws: { "\($0)".contains("cannot be read") }
            for content in [Data(), Data(count: 511), Data(count: 512), Data(repeating: 0xAA, count: 4096)] {
                try content.write(to: file)
                #expect { try EmulatorCard(file: file) } throws: { "\($0)".contains("is no Apus card image") }
            }
        }
    }

    @Test func aTruncatedCardIsRefused() throws {
        try Self.withFolder { folder in
            let file = try Self.makeCard(in: folder)
            for size: UInt64 in [512, 1 << 20, (22528 + 16384) * 512 - 1] {
                let handle = try FileHandle(forUpdating: file)
                try handle.truncate(atOffset: size)
                try handle.close()
                #expect { try EmulatorCard(file: file) } throws: { "\($0)".contains("is damaged: partition") }
            }
        }
    }

    @Test(arguments: [(0, 1), (1, 1), (2, 2), (3, 4), (644 << 20, 1 << 30), (1 << 30, 1 << 30)] as [(UInt64, UInt64)])
    func theSizeIsAPowerOfTwo(_ size: UInt64, _ expected: UInt64) {
        #expect(EmulatorCard.powerOfTwo(notBelow: size) == expected)
    }
}

import Card
import Foundation
import Testing

@testable import apus_init

/// With the host's e2fsck and mke2fs, on files; e2fsck's own judgement stands in for the kernel's mount.
struct DataPartitionTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("data-\(UUID().uuidString)")
    private var data: String { folder.appendingPathComponent("data").path }
    private var card: String { folder.appendingPathComponent("card").path }
    private var tools: URL { folder.appendingPathComponent("tools") }
    private var events: String {
        (try? String(contentsOf: folder.appendingPathComponent("events"), encoding: .utf8)) ?? ""
    }

    /// A partition with one file, and a card without a mark.
    private func with(_ body: () throws -> Void) throws {
        let manager = FileManager.default
        try manager.createDirectory(at: tools, withIntermediateDirectories: true)
        defer { try? manager.removeItem(at: folder) }
        for tool in ["e2fsck", "mke2fs"] {
            try manager.createSymbolicLink(
                atPath: tools.appendingPathComponent(tool).path, withDestinationPath: "/usr/sbin/\(tool)")
        }
        try Data(count: 1 << 20).write(to: URL(fileURLWithPath: card))
        let content = folder.appendingPathComponent("content")
        try manager.createDirectory(at: content, withIntermediateDirectories: true)
        try "kept\n".write(to: content.appendingPathComponent("note"), atomically: true, encoding: .utf8)
        #expect(manager.createFile(atPath: data, contents: nil))
        let handle = try FileHandle(forUpdatingAtPath: data).unwrapped
        try handle.truncate(atOffset: 64 << 20)
        try handle.close()
        #expect(try run("mke2fs", DataFileSystem.arguments() + ["-d", content.path, data]).status == 0)
        try body()
    }

    @discardableResult
    private func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/sbin/\(program)")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    /// How many mounts succeeded.
    private final class Mounted {
        var count = 0
    }

    private let mounted = Mounted()

    private func partition(mount: (() -> Int32)? = nil) -> DataPartition {
        DataPartition(
            CardDevices(card: card, data: data), tools: tools.path, events: EventLog(folder: folder.path),
            mount: mount ?? {
                guard (try? run("e2fsck", ["-fn", data]).status) == 0 else { return EUCLEAN }
                mounted.count += 1
                return 0
            })
    }

    private func overwrite(_ range: Range<Int>, with byte: UInt8) throws {
        let handle = try FileHandle(forUpdatingAtPath: data).unwrapped
        try handle.seek(toOffset: UInt64(range.lowerBound))
        try handle.write(contentsOf: Data(repeating: byte, count: range.count))
        try handle.close()
    }

    private var note: String {
        get throws { try run("debugfs", ["-R", "cat /note", data]).output }
    }

    @Test func aSoundOneIsMountedAndNothingIsRecorded() throws {
        try with {
            #expect(partition().mountIfSound())
            #expect(partition().recover())
            #expect(events.isEmpty)
        }
    }

    @Test func aBrokenSuperblockIsRepairedAndTheContentKept() throws {
        try with {
            try overwrite(0..<4096, with: 0xA5)
            #expect(!partition().mountIfSound())
            #expect(partition().recover())
            #expect(try note == "kept\n")
            #expect(events.hasSuffix("Z data: repaired from the superblock at block 8192\n"), "\(events)")
            #expect(mounted.count == 1)
        }
    }

    @Test func errorsTheKernelFoundAreRepairedBeforeTheMount() throws {
        try with {
            try run("debugfs", ["-w", "-R", "set_super_value state 2", data])
            #expect(!partition(mount: { 0 }).mountIfSound())
            #expect(partition().recover())
            #expect(partition().mountIfSound())
            #expect(try note == "kept\n")
            #expect(events.hasSuffix("data: repaired by e2fsck -p\n"), "\(events)")
        }
    }

    @Test func aCutWhileItGrewIsReplayedBeforeTheMount() throws {
        try with {
            try run("debugfs", ["-w", "-R", "feature needs_recovery", data])
            // It is as large as its card lets it be: the kernel's replay will do.
            #expect(partition(mount: { 0 }).mountIfSound())
            try makeCard(mebibytes: 256)
            #expect(!partition(mount: { 0 }).mountIfSound())
            var hadJournal: Bool?
            let replayed = partition(mount: {
                hadJournal = try? DataFileSystem.state(of: BlockFile(data, isWritable: false))?.hasJournal
                return 0
            })
            #expect(replayed.recover())
            #expect(hadJournal == false)
            #expect(partition().mountIfSound())
            #expect(events == "")
        }
    }

    /// A card whose data partition begins at 4 MiB.
    private func makeCard(mebibytes: Int) throws {
        var table = [UInt8](repeating: 0, count: CardLayout.sectorSize)
        table.replaceSubrange(440..<444, with: CardLayout.signature)
        table.replaceSubrange(510..<512, with: [0x55, 0xAA])
        for (index, (start, size)) in [(2048, 1), (2049, 1), (2050, 1), (8192, 64 << 11)].enumerated() {
            for byte in 0..<4 {
                table[446 + 16 * index + 8 + byte] = UInt8(truncatingIfNeeded: start >> (8 * byte))
                table[446 + 16 * index + 12 + byte] = UInt8(truncatingIfNeeded: size >> (8 * byte))
            }
        }
        try Data(table).write(to: URL(fileURLWithPath: card))
        let handle = try FileHandle(forUpdatingAtPath: card).unwrapped
        try handle.truncate(atOffset: UInt64(mebibytes) << 20)
        try handle.close()
    }

    @Test func whatThePreenLeavesTheThoroughRunRepairs() throws {
        try with {
            // The root folder's only block: what it named is now in lost+found, which is not for e2fsck -p to decide.
            let block = try #require(Int(try run("debugfs", ["-R", "blocks /", data]).output.split(separator: " ")[0]))
            try overwrite(block * 4096..<(block + 1) * 4096, with: 0)
            #expect(partition().recover())
            #expect(events.hasSuffix("data: repaired by e2fsck -y\n"), "\(events)")
            #expect(mounted.count == 1)
        }
    }

    @Test(arguments: [UInt8(0), 0xA5])
    func aHopelessOneIsMadeAnewAndThatIsRecorded(_ byte: UInt8) throws {
        try with {
            try overwrite(0..<(64 << 20), with: byte)
            #expect(partition().recover())
            #expect(try run("e2fsck", ["-fn", data]).status == 0)
            #expect(mounted.count == 1)
            #expect(events.contains("its content is lost"), "\(events)")
        }
    }

    @Test(arguments: [ENODEV, ENOMEM, EROFS, ENXIO])
    func aFaultOfTheSystemIsNoReasonToTouchTheContent(_ code: Int32) throws {
        try with {
            let before = try Data(contentsOf: URL(fileURLWithPath: data))
            #expect(!partition(mount: { code }).recover())
            #expect(try Data(contentsOf: URL(fileURLWithPath: data)) == before)
        }
    }

    @Test func withoutE2fsckNothingIsGivenUp() throws {
        try with {
            try overwrite(0..<4096, with: 0xA5)
            let before = try Data(contentsOf: URL(fileURLWithPath: data))
            try FileManager.default.removeItem(at: tools.appendingPathComponent("e2fsck"))
            #expect(!partition().recover())
            #expect(try Data(contentsOf: URL(fileURLWithPath: data)) == before)
        }
    }

    /// e2fsck finds nothing wrong and the kernel does: a feature it does not know, say.
    @Test func aSoundFileSystemThatDoesNotMountIsKept() throws {
        try with {
            #expect(!partition(mount: { EINVAL }).recover())
            let kept = try note
            #expect(kept == "kept\n")
        }
    }

    @Test func aFactoryResetEmptiesThePartitionAndClearsItsMark() throws {
        try with {
            let reset = FactoryReset(try BlockFile(card, isWritable: true))
            try reset.request()
            #expect(!partition().mountIfSound())
            #expect(partition().recover())
            #expect(try note.isEmpty)
            #expect(try !reset.isRequested())
            #expect(events.hasSuffix("data: factory reset: made anew\n"))
            #expect(mounted.count == 1)
            #expect(partition().mountIfSound())
        }
    }

    /// As after a power cut in the middle.
    @Test func aFactoryResetThatWasNotCompletedIsBegunAnew() throws {
        try with {
            let reset = FactoryReset(try BlockFile(card, isWritable: true))
            try reset.request()
            let tool = tools.appendingPathComponent("mke2fs")
            try FileManager.default.removeItem(at: tool)
            #expect(!partition().recover())
            #expect(try reset.isRequested())
            try FileManager.default.createSymbolicLink(
                atPath: tool.path, withDestinationPath: "/usr/sbin/mke2fs")
            #expect(partition().recover())
            #expect(try !reset.isRequested())
        }
    }

    @Test func theRecordOfEventsIsBounded() throws {
        try with {
            let log = EventLog(folder: folder.path)
            for number in 0..<2000 { log.record("event \(number)") }
            #expect(events.utf8.count <= EventLog.sizeLimit + 100)
            #expect(events.hasSuffix("event 1999\n"))
            #expect(events.split(separator: "\n").allSatisfy { $0.contains("Z event ") })
        }
    }
}

extension Optional {
    fileprivate struct Missing: Error {}

    fileprivate var unwrapped: Wrapped {
        get throws {
            guard let self else { throw Missing() }
            return self
        }
    }
}

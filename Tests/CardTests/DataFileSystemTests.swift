import Card
import Foundation
import Testing

struct DataFileSystemTests {
    private let file = FileManager.default.temporaryDirectory.appendingPathComponent("ext4-\(UUID().uuidString)")

    private func withFileSystem(_ arguments: [String], size: Int, _ body: (BlockFile) throws -> Void) throws {
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(FileManager.default.createFile(atPath: file.path, contents: nil))
        let handle = try FileHandle(forUpdating: file)
        try handle.truncate(atOffset: UInt64(size))
        try handle.close()
        try run("mke2fs", arguments + [file.path])
        try body(try BlockFile(file.path, isWritable: true))
    }

    private func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/sbin/\(program)")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func theSmallestPartitionHasASecondSuperblock() throws {
        try withFileSystem(DataFileSystem.arguments(), size: 64 << 20) { partition in
            let state = try #require(try DataFileSystem.state(of: partition))
            #expect(!state.hasErrors && state.size == 64 << 20 && state.blockSize == 4096)
            let backups = try DataFileSystem.backups(of: partition)
            #expect(backups.map(\.block) == [8192])
            #expect(backups.map(\.blockSize) == [4096])
        }
    }

    @Test func errorsTheKernelFoundAreSeen() throws {
        try withFileSystem(DataFileSystem.arguments(), size: 64 << 20) { partition in
            try run("debugfs", ["-w", "-R", "set_super_value state 2", file.path])
            let state = try DataFileSystem.state(of: partition)
            #expect(state?.hasErrors == true && state?.hasJournal == false)
        }
    }

    @Test func aJournalToReplayIsSeen() throws {
        try withFileSystem(DataFileSystem.arguments(), size: 64 << 20) { partition in
            try run("debugfs", ["-w", "-R", "feature needs_recovery", file.path])
            let state = try DataFileSystem.state(of: partition)
            #expect(state?.hasErrors == false && state?.hasJournal == true)
        }
    }

    /// Made by other hands.
    @Test(arguments: [("1024", 8193), ("4096", 32768)])
    func superblocksOfOtherFileSystemsAreFound(_ blockSize: String, _ block: Int) throws {
        try withFileSystem(["-q", "-F", "-t", "ext4", "-b", blockSize], size: 256 << 20) {
            (partition: BlockFile) throws in
            let backups = try DataFileSystem.backups(of: partition)
            #expect(backups.first?.block == block)
            let state = try DataFileSystem.state(of: partition)
            #expect(state?.size == 256 << 20)
        }
    }

    @Test func whateverLiesThereIsReadWithoutATrap() throws {
        defer { try? FileManager.default.removeItem(at: file) }
        for size in [0, 1, 1024, 2047, 2048, 1 << 20] {
            for byte in [UInt8(0), 0xFF] {
                try Data(repeating: byte, count: size).write(to: file)
                let partition = try BlockFile(file.path, isWritable: false)
                let state = try DataFileSystem.state(of: partition)
                #expect(state == nil)
                let backups = try DataFileSystem.backups(of: partition)
                #expect(backups.isEmpty)
            }
        }
        // A superblock's mark and the largest numbers.
        var bytes = [UInt8](repeating: 0xFF, count: 4096)
        bytes.replaceSubrange((1024 + 56)..<(1024 + 58), with: [0x53, 0xEF])
        bytes.replaceSubrange((1024 + 24)..<(1024 + 28), with: [6, 0, 0, 0])
        try Data(bytes).write(to: file)
        let state = try #require(try DataFileSystem.state(of: try BlockFile(file.path, isWritable: false)))
        #expect(state.size > 0)
    }
}

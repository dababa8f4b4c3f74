import Foundation
import Testing

/// One run of the built executable, as a user would start it.
struct FwtoolRun {
    let output: String
    let errors: String
    let status: Int32

    /// - Parameter directory: the current directory of the run.
    init(_ arguments: String..., in directory: URL) throws {
        let process = Process()
        // SwiftPM puts the tests' executable beside it.
        let test = try URL(fileURLWithPath: FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        process.executableURL = test.deletingLastPathComponent().appendingPathComponent("fwtool")
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.standardInput = FileHandle.nullDevice
        // Files rather than pipes: they cannot fill up while the other one is read.
        let folder = try ScratchFolder()
        let files = ["output", "errors"].map { folder.url.appendingPathComponent($0) }
        for file in files { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        process.waitUntilExit()
        status = process.terminationStatus
        output = try String(contentsOf: files[0], encoding: .utf8)
        errors = try String(contentsOf: files[1], encoding: .utf8)
    }
}

/// A folder that vanishes with its owner.
final class ScratchFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("fwtool-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// The names of what lies in it, sorted.
    var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
    }
}

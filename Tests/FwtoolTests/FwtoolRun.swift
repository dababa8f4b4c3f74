import Foundation
import Testing

@testable import fwtool

/// One run of the built executable, as a user would start it.
struct FwtoolRun {
    let output: String
    let errors: String
    let status: Int32

    /// - Parameter directory: the current directory of the run.
    init(_ arguments: String..., in directory: URL, environment: [String: String] = [:]) throws {
        // SwiftPM puts the tests' executable beside it.
        let test = try URL(fileURLWithPath: FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let program = test.deletingLastPathComponent().appendingPathComponent("fwtool").path
        let result = try Command(
            program, arguments, directory: directory, environment: environment, deadline: 600
        ).execute()
        (status, output, errors) = (result.status, result.output, result.errors)
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

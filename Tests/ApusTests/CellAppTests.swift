import Foundation
import Testing

/// An app with drivers in cells, run as a program of its own.
@Suite(.timeLimit(.minutes(10)))
struct CellAppTests {
    private func run(_ program: String) async throws -> (output: String, errors: String, status: Int32) {
        let process = Process()
        // SwiftPM puts the tests and the programs they need into the same folder.
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent(program)
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        async let written = text(of: output)
        async let complaints = text(of: errors)
        let result = (await written, await complaints)
        process.waitUntilExit()
        return (result.0, result.1, process.terminationStatus)
    }

    private func text(of pipe: Pipe) async -> String {
        let descriptor = dup(pipe.fileHandleForReading.fileDescriptor)
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
                continuation.resume(returning: String(decoding: file.readDataToEndOfFile(), as: UTF8.self))
            }
        }
    }

    @Test func aDriverThatTrapsIsRestartedAloneAndItsReadingsCross() async throws {
        let app = try await run("AppFixture")
        #expect(
            app.output.split(separator: "\n").map(String.init) == [
                "collector starts",
                "unruly: [Sensors.Reading.Value.number(1.0), Sensors.Reading.Value.number(2.0), "
                    + "Sensors.Reading.Value.number(1.0), Sensors.Reading.Value.number(2.0)]",
                "warm: true", "in a cell: true, kept: 1",
            ])
        #expect(app.status == 0)
        let log = app.errors.split(separator: "\n")
        // Not once more by every cell.
        #expect(log.count { $0.contains("simulated board") } == 1)
        #expect(log.count { $0 == "apus: app/collector started" } == 1)
        #expect(log.contains { $0.hasPrefix("apus: app/unruly failed: its cell, process ") && $0.contains("(trap)") })
        #expect(log.contains { $0.hasPrefix("apus:     Unruly.sample(_:)") })
        #expect(log.last == "apus: app/collector stopped")
    }
}

import Foundation

@testable import fwtool

/// The root shell on an emulated board's console, which it shares with the messages of kernel, PID 1 and app.
struct Shell: Sendable {
    let emulator: Emulator
    let deadline: Duration

    /// Runs a command in a subshell and returns the lines it wrote, without those that others write at the same time.
    ///
    /// - Throws: `FwtoolError` when its status is not 0.
    @discardableResult
    func run(_ command: String) async throws -> String {
        // Each line gets a mark and is written by one call, so that others' lines come before or behind it, not into it.
        // The quotes keep the echo of what is typed from being taken for the mark.
        let mark = "<out>"
        try emulator.type("{ { \(command); } 2>&1; printf '\\n<status %s>\\n' $?; } | sed 's/^/<''out>/'")
        let text = try await emulator.console.wait(for: "\(mark)<status ", deadline: deadline)
        let status = try await emulator.console.wait(for: ">", deadline: deadline).dropLast()
        let lines = text.split(separator: "\n").compactMap { line in
            // Behind whatever somebody else has not yet ended.
            line.range(of: mark).map { line[$0.upperBound...] }
        }
        let output = lines.dropLast().joined(separator: "\n")
        guard status == "0" else { throw FwtoolError("'\(command)' failed on the board (\(status)): \(output)") }
        return output
    }

    /// Waits until the board has an address. Its shell is there as soon as the app is started, and asks nobody for one.
    func network() async throws {
        try await run("until ip route | grep -q ^default; do usleep 100000; done")
    }

    /// The process identifier of the app, which runs once.
    func appProcess() async throws -> Int {
        let text = try await run("pidof WeatherStation")
        guard let process = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw FwtoolError("the app does not run, or more than once: \(text)")
        }
        return process
    }
}

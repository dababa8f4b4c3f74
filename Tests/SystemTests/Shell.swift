import Foundation

@testable import fwtool

/// The root shell on an emulated board's console, which it shares with the messages of kernel, PID 1 and app.
struct Shell: Sendable {
    let emulator: Emulator
    let deadline: Duration

    /// Runs a command and returns what it wrote; lines of others may be among it.
    ///
    /// - Throws: `FwtoolError` when its status is not 0.
    @discardableResult
    func run(_ command: String) async throws -> String {
        // The quotes keep the echo of what is typed from being taken for the marks.
        try emulator.type("echo '<'out'>'; { \(command); } 2>&1; echo '<'status $?'>'")
        try await emulator.console.wait(for: "\n<out>\n", deadline: deadline)
        let text = try await emulator.console.wait(for: "<status 0>", "<status 1", "<status 2", deadline: deadline)
        guard let mark = text.range(of: "<status", options: .backwards), text.hasSuffix("<status 0>") else {
            throw FwtoolError("'\(command)' failed on the board: \(text)")
        }
        return String(text[..<mark.lowerBound])
    }

    /// The process identifier of the app, which runs once.
    func appProcess() async throws -> Int {
        let text = try await run("echo pid $(pidof WeatherStation) .")
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let index = words.firstIndex(of: "pid"), index + 1 < words.endIndex, let pid = Int(words[index + 1])
        else {
            throw FwtoolError("the app does not run, or more than once: \(text)")
        }
        return pid
    }
}

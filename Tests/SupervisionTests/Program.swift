import Foundation

/// What the program CellFixture did, from its start to the end of all its processes.
struct Program {
    let lines: [String]
    let errors: [String]
    let status: Int32

    /// Without those of the supervisor, which do not wait for a cell's.
    var linesOfCell: [String] { lines.filter { !$0.hasPrefix("root/") } }

    /// - Parameters:
    ///   - scenario: what it does.
    ///   - onLine: told of each line as it comes, and how to end the program.
    init(_ scenario: String, onLine: @escaping @Sendable (String, @Sendable () -> Void) -> Void = { _, _ in })
        async throws
    {
        let process = Process()
        process.executableURL = Self.folder.appendingPathComponent("CellFixture")
        process.arguments = [scenario]
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let kill: @Sendable () -> Void = { [id = process.processIdentifier] in _ = Foundation.kill(id, SIGKILL) }
        async let written = Self.lines(of: output) { onLine($0, kill) }
        async let complaints = Self.lines(of: errors) { _ in }
        // Their ends are those of all who can write: cells that outlive the program would be waited for here.
        lines = await written.map(Self.withoutNumbers)
        self.errors = await complaints
        process.waitUntilExit()
        status = process.terminationStatus
    }

    static let isUnderThreadSanitizer = dlsym(nil, "__tsan_init") != nil

    /// SwiftPM puts the tests and the programs they need into the same folder.
    private static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()

    private static func lines(of pipe: Pipe, onLine: @escaping @Sendable (String) -> Void) async -> [String] {
        let descriptor = dup(pipe.fileHandleForReading.fileDescriptor)
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
                var lines: [String] = []
                var rest = Data()
                while true {
                    let data = file.availableData
                    if data.isEmpty { break }
                    rest += data
                    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                        lines.append(String(decoding: rest[..<end], as: UTF8.self))
                        rest = Data(rest[(end + 1)...])
                        onLine(lines[lines.count - 1])
                    }
                }
                continuation.resume(returning: lines)
            }
        }
    }

    /// Processes and places in functions by the letter N: they differ from run to run, and from compiler to compiler.
    private static func withoutNumbers(_ line: String) -> String {
        var result = ""
        for word in line.split(separator: " ", omittingEmptySubsequences: false) {
            if !result.isEmpty { result += " " }
            let isNumber = result.hasSuffix("process ") || result.hasSuffix("+ ")
            result += isNumber ? "N" + word.drop { $0.isNumber } : String(word)
        }
        return result
    }
}

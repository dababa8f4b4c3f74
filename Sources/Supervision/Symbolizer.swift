internal import CLinux
internal import Glibc

/// Lines of source code for places in files, from a tool of the developer's machine; a device has none.
enum Symbolizer {
    /// llvm-symbolizer comes with Swift's toolchain, addr2line with binutils. Both answer with pairs of lines, a
    /// function's name and "file:line", inlined functions first.
    private static let tools = [
        ["llvm-symbolizer", "--inlines", "--functions=short", "--obj"],
        ["addr2line", "--inlines", "--functions", "-e"],
    ]

    /// How long a tool may take. It reads an index of the file's debug information: a tenth of a second for 50 MB.
    private static let limit = Duration.seconds(5)

    /// The most output taken: the paths of some dozen inlined functions.
    private static let outputLimit = 64 << 10

    /// Such as "/home/me/Station/Barometer.swift:42"; nil when nobody knows.
    ///
    /// - Parameters:
    ///   - offset: in the file's own addresses.
    ///   - file: the executable or library.
    static func location(of offset: UInt64, in file: String) async -> String? {
        guard let thread = try? CellThread.shared.get() else { return nil }
        for tool in tools {
            let words = tool + [file, "0x" + String(offset, radix: 16)]
            if let output = await run(words, on: thread) { return location(in: output) }
        }
        return nil
    }

    /// The first place that is a line of a file. What the compiler generated has line 0, what is not known is "??".
    static func location(in output: String) -> String? {
        for line in output.split(separator: "\n") {
            // llvm-symbolizer adds the column, addr2line now and then a remark.
            let parts = (line.split(separator: " ").first ?? "").split(separator: ":")
            if parts.count >= 2, parts[0].hasPrefix("/"), let number = Int(parts[1]), number > 0 {
                return "\(parts[0]):\(number)"
            }
        }
        return nil
    }

    /// What a program writes to standard output; nil when there is no such program, or it is not done in time.
    private static func run(_ words: [String], on thread: CellThread) async -> String? {
        let start = await thread.perform {
            Result {
                let channel = try CellChannel(.pipe, on: thread)
                let id = try Spawn.start(
                    words[0], words, variables: Spawn.environment(), descriptors: [channel.theirs, channel.theirs])
                return (try SpawnedProcess(id, on: thread), channel.ours)
            }
        }
        guard case .success(let (process, output)) = start else { return nil }
        let deadline = Task {
            try await Timeline(ContinuousClock()).sleep(until: limit)
            process.kill()
        }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while text.count < outputLimit {
            let count = read(output.number, &buffer, buffer.count)
            if count == 0 { break }
            if count > 0 { text += buffer.prefix(count) } else { await output.waitUntilReadable() }
        }
        deadline.cancel()
        process.kill()
        // Its answer is what counts: it may have been killed between that and its end.
        _ = await process.wait()
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }
}

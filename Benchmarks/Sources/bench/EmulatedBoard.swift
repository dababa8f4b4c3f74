import Foundation

/// A board that QEMU plays and that runs programs of ours beside the reference app, as typed in a root shell on its console.
final class EmulatedBoard {
    /// Longer than the longest boot seen on two loaded cores.
    private static let bootLimit = Duration.seconds(300)

    private let folder: URL
    private let process: pid_t
    private let input: Int32
    private let console: Int32
    private var lines: PipeLines
    /// Read but not yet looked at.
    private var pending: [String] = []
    private var tail: [String] = []

    /// Boots the board and waits for its shell.
    ///
    /// - Parameters:
    ///   - devices: QEMU's `-device` values besides those of the board profile.
    ///   - files: copied to `/data`.
    init(_ place: Workplace, target: String, devices: [String] = [], files: [URL]) throws {
        // Below the temporary folder, for a socket's path has 107 bytes at most (unix(7)).
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-bench-\(getpid())")
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let board = folder
        let card = place.scratch.appendingPathComponent("board.img")
        defer { try? FileManager.default.removeItem(at: card) }
        try place.run("cp", "--sparse=always", "--reflink=auto", place.image(target).path, card.path)
        let volume = "\(card.path)?offset=\(try Self.dataPartition(of: card))"
        for file in files {
            try place.run("debugfs", "-w", "-R", "write \(file.path) \(file.lastPathComponent)", volume)
        }
        let profile = board.appendingPathComponent("\(target).yaml")
        let text = try String(
            contentsOf: place.root.appendingPathComponent("BoardProfiles/\(target).yaml"), encoding: .utf8)
        let more = devices.map { "    - \($0)\n" }.joined()
        try text.replacingOccurrences(of: "\n  devices:\n", with: "\n  devices:\n\(more)")
            .write(to: profile, atomically: true, encoding: .utf8)

        let (inputs, outputs) = (try Program.pipe(), try Program.pipe())
        let nothing = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { for end in [inputs.read, outputs.write, nothing] { close(end) } }
        process = try Program.start(
            [
                try place.fwtool, "emulate", card.path, "--target", profile.path, "--console", "--set", "console=shell",
                "--sockets", board.path,
            ], streams: [inputs.read, nothing, outputs.write])
        input = inputs.write
        console = outputs.read
        lines = PipeLines(console)
        // fwtool has its own copy of the card when the board speaks.
        do { try wait(for: "built-in shell", limit: Self.bootLimit) } catch {
            stop()
            throw error
        }
    }

    /// Powers the board off.
    func stop() {
        // As Ctrl-C does: fwtool ends QEMU and removes the card's copy.
        kill(process, SIGINT)
        _ = Program.wait(process)
        close(input)
        close(console)
        try? FileManager.default.removeItem(at: folder)
    }

    /// QEMU's sockets: `qmp`, `qtest`.
    func socket(_ name: String) throws -> QEMUSocket { try QEMUSocket(folder.appendingPathComponent(name)) }

    /// Runs a command on the board and returns the lines it wrote.
    ///
    /// - Throws: when its status is not 0, or it takes longer than the limit.
    @discardableResult
    func run(_ command: String, limit: Duration = .seconds(120)) throws -> [String] {
        try begin(command)
        return try end(limit: limit)
    }

    /// Starts a command, whose lines ``line(limit:)`` and ``end(limit:)`` give.
    func begin(_ command: String) throws {
        // Each line gets a mark, so that it is told from those of others on the console. The quotes keep the echo of what is typed
        // from being taken for it.
        let line = "{ { \(command); } 2>&1; printf '\\n<status %s>\\n' $?; } | sed 's/^/<''out>/'\n"
        guard write(input, line, line.utf8.count) == line.utf8.count else {
            throw BenchError("the emulated board's console takes no input")
        }
    }

    /// The next line that the command has written; nil when nothing comes within the limit.
    func line(within limit: Duration) throws -> String? {
        let mark = "<out>"
        return try wait(for: mark, limit: limit, canFail: true).flatMap { line in
            line.range(of: mark).map { String(line[$0.upperBound...]).trimmingCharacters(in: .whitespaces) }
        }
    }

    /// The lines up to the end of the command.
    ///
    /// - Throws: when its status is not 0, or it takes longer than the limit.
    func end(limit: Duration = .seconds(120)) throws -> [String] {
        let deadline = ContinuousClock.now + limit
        var output: [String] = []
        while let line = try line(within: deadline - .now) {
            guard line.hasPrefix("<status ") else {
                if !line.isEmpty { output.append(line) }
                continue
            }
            guard line == "<status 0>" else {
                throw BenchError("a command failed on the emulated board: \(output.joined(separator: "\n    "))")
            }
            return output
        }
        throw BenchError("a command did not end on the emulated board; its console's last lines:\n    \(lastLines)")
    }

    /// The `name=value` pairs of a line.
    static func values(_ line: String) -> [String: Double] {
        let pairs = line.split(separator: " ").map { $0.split(separator: "=", maxSplits: 1) }
        return Dictionary(
            pairs.filter { $0.count == 2 }.compactMap { pair in
                Double(pair[1]).map { (String(pair[0]), $0) }
            }
        ) { $1 }
    }

    private var lastLines: String { tail.joined(separator: "\n    ") }

    @discardableResult
    private func wait(for text: String, limit: Duration, canFail: Bool = false) throws -> String? {
        let deadline = ContinuousClock.now + limit
        while true {
            while !pending.isEmpty {
                let line = pending.removeFirst()
                tail = tail.suffix(11) + [line]
                if line.contains(text) { return line }
            }
            let left = max(.zero, deadline - .now)
            var ready = pollfd(fd: console, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, Int32(left / .milliseconds(1))) > 0 else {
                if canFail { return nil }
                throw BenchError("the emulated board did not say '\(text)'; its last lines:\n    \(lastLines)")
            }
            pending = try lines.next()
        }
    }

    /// The first byte of the fourth partition, by the table at 446 (docs/card-layout.md).
    private static func dataPartition(of card: URL) throws -> Int {
        let handle = try FileHandle(forReadingFrom: card)
        defer { try? handle.close() }
        guard let sector = try handle.read(upToCount: 512), sector.count == 512 else {
            throw BenchError("\(card.path) is too short")
        }
        return (0..<4).reduce(0) { $0 | Int(sector[446 + 3 * 16 + 8 + $1]) << (8 * $1) } * 512
    }
}

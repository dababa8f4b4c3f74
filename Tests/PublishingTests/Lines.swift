import Foundation

/// Lines that come from elsewhere, to be awaited.
final class Lines: Sendable {
    struct Ended: Error, CustomStringConvertible {
        let seen: [String]

        var description: String { "the lines ended before the awaited one:\n" + seen.joined(separator: "\n") }
    }

    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func append(_ line: String) {
        continuation.yield(line)
    }

    func end() {
        continuation.finish()
    }

    /// Takes lines up to the first that contains the text, or the other one; without a text, the next line.
    @discardableResult
    func next(containing text: String? = nil, or other: String? = nil) async throws -> String {
        var seen: [String] = []
        for await line in stream {
            if text.map(line.contains) != false || other.map(line.contains) == true { return line }
            seen.append(line)
        }
        throw Ended(seen: seen)
    }

    /// Takes all lines there will ever be; only after ``end()``.
    func rest() async -> [String] {
        var lines: [String] = []
        for await line in stream { lines.append(line) }
        return lines
    }

    /// Reads a pipe line by line until its end.
    func follow(_ handle: FileHandle) {
        Thread.detachNewThread {
            var rest = Data()
            while case let data = handle.availableData, !data.isEmpty {
                rest += data
                while let end = rest.firstIndex(of: 10) {
                    self.append(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                    rest = Data(rest[(end + 1)...])
                }
            }
            self.end()
        }
    }
}

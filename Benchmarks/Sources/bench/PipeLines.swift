import Foundation

/// Whole lines out of a pipe.
struct PipeLines {
    private let descriptor: Int32
    private var rest: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// The lines that are there; waits when nothing is.
    ///
    /// - Throws: when the program has ended.
    mutating func next() throws -> [String] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else {
            throw BenchError("fwtool emulate ended by itself: \(String(decoding: rest, as: UTF8.self))")
        }
        rest += buffer[..<count]
        var lines = rest.split(separator: 0x0A, omittingEmptySubsequences: false)
        rest = Array(lines.removeLast())
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }
}

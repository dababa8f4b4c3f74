internal import Glibc
internal import Hardware

/// A program that does nothing but take a line's edges, as an app does. Tells on standard error how many it lost.
enum Edges {
    /// - Parameter isIterating: whether it takes them on whatever thread its task is, or on the line's.
    static func take(_ count: Int, of offset: Int, label: String, isIterating: Bool) async throws {
        let line = try InputLine(on: .labelled(label), offset: offset, InputOptions(edges: .both))
        var taken = 0
        if isIterating {
            for try await _ in line.events {
                taken += 1
                if taken == count { break }
            }
        } else {
            try await line.events.handle { _ in
                taken += 1
                if taken == count { line.release() }
            }
        }
        let result = "lost=\(line.statistics.lost)\n"
        _ = write(STDERR_FILENO, result, result.utf8.count)
    }
}

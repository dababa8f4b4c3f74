import Foundation
import Synchronization

/// A folder that is gone when its use ends, whatever happened: nothing half-written stays behind.
enum TemporaryFolder {
    /// Those in use, for an end by signal.
    private static let open = Mutex<Set<URL>>([])

    /// - Parameter beside: the final place; the temporary folder lies on the same file system, so that what was made in
    ///   it can be renamed there.
    static func with<T>(beside target: URL, _ body: (URL) throws -> T) throws -> T {
        let folder = try make(beside: target)
        defer { remove(folder) }
        return try body(folder)
    }

    static func with<T>(beside target: URL, _ body: (URL) async throws -> T) async throws -> T {
        let folder = try make(beside: target)
        defer { remove(folder) }
        return try await body(folder)
    }

    /// Removes every one in use. Only on the way out of the process.
    static func removeAll() {
        for folder in open.withLock({ $0 }) { try? FileManager.default.removeItem(at: folder) }
    }

    private static func make(beside target: URL) throws -> URL {
        let name = ".\(target.lastPathComponent).\(UUID().uuidString.prefix(8))"
        let folder = target.deletingLastPathComponent().appendingPathComponent(name)
        open.withLock { _ = $0.insert(folder) }
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw FwtoolError(
                "\(folder.path) cannot be made: \(error.localizedDescription)", remedy: "free space there")
        }
        return folder
    }

    private static func remove(_ folder: URL) {
        try? FileManager.default.removeItem(at: folder)
        open.withLock { _ = $0.remove(folder) }
    }
}

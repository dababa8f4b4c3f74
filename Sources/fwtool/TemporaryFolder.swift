import Foundation

/// A folder that is gone when its use ends, whatever happened: nothing half-written stays behind.
enum TemporaryFolder {
    /// - Parameter beside: the final place; the temporary folder lies on the same file system, so that what was made in
    ///   it can be renamed there.
    static func with<T>(beside target: URL, _ body: (URL) throws -> T) throws -> T {
        let parent = target.deletingLastPathComponent()
        let folder = parent.appendingPathComponent(".\(target.lastPathComponent).\(UUID().uuidString.prefix(8))")
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw FwtoolError(
                "\(folder.path) cannot be made: \(error.localizedDescription)", remedy: "free space there")
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    static func with<T>(beside target: URL, _ body: (URL) async throws -> T) async throws -> T {
        let parent = target.deletingLastPathComponent()
        let folder = parent.appendingPathComponent(".\(target.lastPathComponent).\(UUID().uuidString.prefix(8))")
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw FwtoolError(
                "\(folder.path) cannot be made: \(error.localizedDescription)", remedy: "free space there")
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }
}

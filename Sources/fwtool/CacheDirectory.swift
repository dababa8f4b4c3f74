import Foundation

/// Where fwtool keeps what it can make again: downloaded packages, composed SDKs, compressed chunks.
enum CacheDirectory {
    /// `$APUS_CACHE`, else `$XDG_CACHE_HOME/apus`, else `~/.cache/apus` (XDG Base Directory Specification).
    static var root: URL {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["APUS_CACHE"], !path.isEmpty { return URL(fileURLWithPath: path) }
        if let path = environment["XDG_CACHE_HOME"], !path.isEmpty {
            return URL(fileURLWithPath: path).appendingPathComponent("apus")
        }
        return FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".cache/apus")
    }

    /// A folder below the root, made when absent.
    static func folder(_ name: String) throws -> URL {
        let url = root.appendingPathComponent(name)
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
            throw FwtoolError(
                "the cache folder \(url.path) cannot be made: \(error.localizedDescription)",
                remedy: "free space there or name another folder in APUS_CACHE")
        }
        return url
    }
}

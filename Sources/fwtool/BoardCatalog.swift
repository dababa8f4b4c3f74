import Foundation

/// The boards fwtool knows: one profile a file in one folder.
struct BoardCatalog {
    var directory: URL

    /// The profiles that belong to fwtool.
    static func installed() throws -> BoardCatalog {
        BoardCatalog(directory: try Resources.root().appendingPathComponent("BoardProfiles"))
    }

    /// Names of the boards, sorted.
    func names() throws -> [String] {
        let files: [String]
        do { files = try FileManager.default.contentsOfDirectory(atPath: directory.path) } catch {
            throw FwtoolError("the board profiles in \(directory.path) cannot be listed: \(error.localizedDescription)")
        }
        return files.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// Every board, sorted by name.
    func profiles() throws -> [BoardProfile] {
        try names().map { try profile($0) }
    }

    /// The board a `--target` names: one of ours, or the path of a profile (it has a slash or ends in `.yaml`).
    ///
    /// - Throws: `FwtoolError` for a board nobody knows, with the known ones and the nearest, and for a bad profile.
    func profile(_ target: String) throws -> BoardProfile {
        if target.contains("/") || target.hasSuffix(".yaml") {
            return try BoardProfile(contentsOf: URL(fileURLWithPath: target))
        }
        let known = try names()
        guard known.contains(target) else {
            let near = NearestMatch.of(target, in: known).map { "did you mean \($0)? " } ?? ""
            throw FwtoolError(
                "there is no board '\(target)'",
                remedy: near + "known boards: \(known.joined(separator: ", ")); or name a file: ./my-board.yaml")
        }
        let url = directory.appendingPathComponent("\(target).yaml")
        let profile = try BoardProfile(contentsOf: url)
        guard profile.name == target else {
            throw FwtoolError(
                "\(url.path) describes a board named '\(profile.name)'", remedy: "rename the file or the board")
        }
        return profile
    }
}

import Foundation

/// What a figure was measured with.
enum Versions {
    /// What the bundle for a board was put together from, as it says itself, and the checkout's commit.
    static func bundle(_ target: String, _ place: Workplace) throws -> [String: String] {
        struct Answer: Decodable {
            struct Manifest: Decodable { var metadata: [String: String] }
            var manifest: Manifest
        }
        let text = try place.run(place.fwtool, "bundle", "inspect", place.bundle(target).path, "--json").output
        var versions = try JSONDecoder().decode(Answer.self, from: Data(text.utf8)).manifest.metadata
        let commit = try place.run("git", "rev-parse", "--short=12", "HEAD").output
        let changes = try place.run("git", "status", "--porcelain", "--untracked-files=no").output
        versions["apus"] = commit.trimmingCharacters(in: .newlines) + (changes.isEmpty ? "" : " and changes")
        return versions
    }

    /// The line in which a program tells its version, asked with `--version`.
    static func program(_ name: String, from place: Workplace) throws -> String {
        // mkfs.erofs does not know the option: it ends with status 1, and its version stands below its usage.
        let text = try place.run("sh", "-c", "\(name) --version 2>&1 || true").output
        guard let line = text.split(separator: "\n").first(where: { $0.contains(#/[0-9]\.[0-9]/#) }) else {
            throw BenchError("\(name) does not tell its version")
        }
        return String(line)
    }
}

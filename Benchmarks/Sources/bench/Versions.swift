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
        versions["apus"] = try commit(place)
        return versions
    }

    /// What a figure of this machine's own programs depends on.
    static func checkout(_ place: Workplace) throws -> [String: String] {
        [
            "apus": try commit(place), "swift": try program("swift", from: place),
            "kernel": try place.run("uname", "-r").output.trimmingCharacters(in: .newlines),
            "processor": try processor(),
        ]
    }

    private static func commit(_ place: Workplace) throws -> String {
        let commit = try place.run("git", "rev-parse", "--short=12", "HEAD").output
        let changes = try place.run("git", "status", "--porcelain", "--untracked-files=no").output
        return commit.trimmingCharacters(in: .newlines) + (changes.isEmpty ? "" : " and changes")
    }

    /// Its name and how many of them there are (proc_cpuinfo(5); ARM's kernel gives no name).
    private static func processor() throws -> String {
        let lines = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8).split(separator: "\n")
        let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
        return "\(ProcessInfo.processInfo.activeProcessorCount) x"
            + (name.map(String.init) ?? " unnamed")
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

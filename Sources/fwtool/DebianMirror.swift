import Foundation

/// Which Debian mirror to use: the one the machine's own apt sources name, so that no host name is written into Apus.
enum DebianMirror {
    /// The mirror of `--mirror`, else the host's.
    static func choose(_ given: String?) throws -> String {
        if let given {
            guard given.contains("://") else {
                throw FwtoolError("'\(given)' is not a mirror's URL", remedy: "write it like https://HOST/debian")
            }
            return given
        }
        for file in sourceFiles() {
            guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
            let found = file.pathExtension == "sources" ? deb822(text) : oneLine(text)
            if let mirror = found { return mirror }
        }
        throw FwtoolError(
            "this machine's apt sources name no Debian mirror", remedy: "name one with --mirror URL")
    }

    private static func sourceFiles() -> [URL] {
        let folder = URL(fileURLWithPath: "/etc/apt/sources.list.d")
        let parts = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return [URL(fileURLWithPath: "/etc/apt/sources.list")]
            + parts.filter { ["list", "sources"].contains($0.pathExtension) }.sorted { $0.path < $1.path }
    }

    /// A Debian archive proper: the path of its URI ends in `debian`, it offers `main`, and it is no security archive
    /// (sources.list(5)).
    private static func isArchive(uri: String, suites: [String], components: [String]) -> Bool {
        var path = uri
        while path.hasSuffix("/") { path.removeLast() }
        return path.hasSuffix("/debian") && components.contains("main")
            && suites.contains { !$0.hasSuffix("-security") && !$0.hasSuffix("/") }
    }

    /// The deb822 form: stanzas of `Key: value` lines.
    static func deb822(_ text: String) -> String? {
        for stanza in text.components(separatedBy: "\n\n") {
            var fields: [String: [String]] = [:]
            var key = ""
            for line in stanza.split(separator: "\n") where !line.hasPrefix("#") {
                if line.hasPrefix(" ") || line.hasPrefix("\t") {
                    fields[key, default: []] += line.split(separator: " ").map(String.init)
                } else if let colon = line.firstIndex(of: ":") {
                    key = line[..<colon].lowercased()
                    fields[key] = line[line.index(after: colon)...].split(separator: " ").map(String.init)
                }
            }
            guard fields["types"]?.contains("deb") == true, fields["enabled"]?.first?.lowercased() != "no" else {
                continue
            }
            for uri in fields["uris"] ?? []
            where isArchive(uri: uri, suites: fields["suites"] ?? [], components: fields["components"] ?? []) {
                return uri
            }
        }
        return nil
    }

    /// The one-line form: `deb [options] URI SUITE COMPONENT…`.
    static func oneLine(_ text: String) -> String? {
        for line in text.split(separator: "\n") {
            var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard words.first == "deb" else { continue }
            words.removeFirst()
            if words.first?.hasPrefix("[") == true, let end = words.firstIndex(where: { $0.hasSuffix("]") }) {
                words.removeFirst(end + 1)
            }
            guard words.count >= 3 else { continue }
            if isArchive(uri: words[0], suites: [words[1]], components: Array(words[2...])) { return words[0] }
        }
        return nil
    }
}

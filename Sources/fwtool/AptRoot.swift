import Foundation
import Synchronization

/// A Debian package by name, taken from a given suite.
struct PackageName: Hashable, CustomStringConvertible {
    var name: String
    /// `trixie`, `sid`, …
    var suite: String

    var description: String { "\(name)/\(suite)" }
}

/// A private apt root for arm64 packages: own sources, lists and archive folder, so that the host's apt is not touched.
/// apt verifies the archive's signature on the index and, through the index, the hash of each package.
///
/// What was resolved once stays resolved: `resolved.json` keeps version, file and SHA-256 of each package, so that a
/// second build needs no network and builds the same thing. `refresh()` looks for newer versions.
final class AptRoot {
    struct Resolved: Codable, Equatable {
        var version: String
        var file: String
        var sha256: String
        var bytes: Int
    }

    /// Suites in the order of preference, most stable first.
    static let suites = ["trixie", "forky", "sid"]
    /// The suite of kernel, firmware and C libraries: Debian 13.
    static let stable = "trixie"

    private let root: URL
    private let mirror: String?
    private let progress: (_ label: String) -> Progress
    private var updated = false
    private var resolved: [String: Resolved]
    private(set) var warnings: [String] = []

    /// - Parameter mirror: the URL of `--mirror`; the host's own when nil.
    init(mirror: String? = nil, progress: @escaping (_ label: String) -> Progress) throws {
        root = try CacheDirectory.folder("apt")
        self.mirror = mirror
        self.progress = progress
        let data = (try? Data(contentsOf: root.appendingPathComponent("resolved.json"))) ?? Data("{}".utf8)
        // A damaged record costs one look at the mirror, nothing else.
        resolved = (try? JSONDecoder().decode([String: Resolved].self, from: data)) ?? [:]
    }

    private var archives: URL { root.appendingPathComponent("archives") }

    /// Seconds of wall time spent on the network.
    private var networkSeconds = 0.0

    /// How long the mirror took, for people and `make bench`; nil when all was there.
    var networkRemark: String? {
        networkSeconds > 0 ? String(format: "packages of the Debian mirror (fetched in %.1f s)", networkSeconds) : nil
    }

    /// Brings the packages' files onto this machine and returns where each lies. Uses the cache where it can.
    func fetch(_ packages: [PackageName]) throws -> [PackageName: (file: URL, resolved: Resolved)] {
        let missing = packages.filter { package in
            guard let known = resolved[package.description] else { return true }
            return size(of: archives.appendingPathComponent(known.file)) != known.bytes
        }
        if !missing.isEmpty { try download(missing) }
        var found: [PackageName: (URL, Resolved)] = [:]
        for package in packages {
            guard let known = resolved[package.description] else {
                throw FwtoolError("package \(package) was not downloaded", remedy: "run the command again")
            }
            found[package] = (archives.appendingPathComponent(known.file), known)
        }
        return found
    }

    /// Forgets every recorded version: the next fetch takes what the mirror has now.
    func refresh() { resolved = [:] }

    /// The version of a package in each suite that has it, most stable suite first.
    private func versions(of name: String) throws -> [(suite: String, version: String)] {
        try update()
        // name | version | URI SUITE/COMPONENT ARCHITECTURE Packages
        let rows = try apt("apt-cache", ["madison", name]).run().split(separator: "\n").map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        return Self.suites.compactMap { suite in
            rows.first { $0.count == 3 && $0[2].contains(" \(suite)/") }.map { (suite, $0[1]) }
        }
    }

    /// The same from the record where this was asked before, so that an SDK composed once needs no network again.
    func pinnedVersions(of name: String) throws -> [(suite: String, version: String)] {
        let known = Self.suites.compactMap { suite in
            resolved["\(name) in \(suite)"].map { (suite: suite, version: $0.version) }
        }
        if !known.isEmpty { return known }
        let found = try versions(of: name)
        for (suite, version) in found {
            resolved["\(name) in \(suite)"] = Resolved(version: version, file: "", sha256: "", bytes: 0)
        }
        try save()
        return found
    }

    /// The value of a field in the control data of a package, e.g. `Depends`.
    private func field(_ field: String, of package: PackageName) throws -> String? {
        try update()
        let text = try apt("apt-cache", ["show", "--no-all-versions", package.description]).run()
        return text.split(separator: "\n").first { $0.hasPrefix("\(field): ") }
            .map { String($0.dropFirst(field.count + 2)) }
    }

    /// What the metapackage `linux-image-arm64` stands for today, e.g. `linux-image-6.12.107+deb13-arm64`. Recorded like
    /// a version, so that a build without network knows it.
    func dependency(of package: PackageName, withPrefix prefix: String) throws -> PackageName {
        let key = "\(package) -> \(prefix)"
        if let known = resolved[key] { return PackageName(name: known.version, suite: package.suite) }
        let depends = try field("Depends", of: package) ?? ""
        let names = depends.split(separator: ",").map { $0.split(separator: " ").first.map(String.init) ?? "" }
        guard let name = names.first(where: { $0.hasPrefix(prefix) }) else {
            throw FwtoolError("package \(package) does not depend on any \(prefix)…", remedy: "correct the profile")
        }
        resolved[key] = Resolved(version: name, file: "", sha256: "", bytes: 0)
        try save()
        return PackageName(name: name, suite: package.suite)
    }

    // MARK: - apt

    private func apt(_ program: String, _ arguments: [String], deadline: TimeInterval = 120) -> Command {
        Command(
            program, arguments, directory: root,
            environment: [
                "APT_CONFIG": root.appendingPathComponent("apt.conf").path, "LC_ALL": "C",
                "DEBIAN_FRONTEND": "noninteractive",
            ], deadline: deadline)
    }

    /// Fetches the indexes, once per run.
    private func update() throws {
        if updated { return }
        let started = Date()
        defer { networkSeconds += Date().timeIntervalSince(started) }
        let manager = FileManager.default
        for folder in ["lists/partial", "archives/partial", "parts"] {
            try manager.createDirectory(at: root.appendingPathComponent(folder), withIntermediateDirectories: true)
        }
        try Data().write(to: root.appendingPathComponent("status"))
        try configuration().write(to: root.appendingPathComponent("apt.conf"), atomically: true, encoding: .utf8)

        let bar = progress("Reading the package indexes")
        defer { bar.finish() }
        var expired: Set<String> = []
        // One more round per suite that turns out to be expired, then one that must succeed.
        for _ in 0...Self.suites.count {
            try sources(expired: expired)
            let result = try apt("apt-get", ["update"], deadline: 300).execute()
            let text = result.errors + result.output
            let newly = Self.suites.filter { suite in
                !expired.contains(suite)
                    && text.split(separator: "\n").contains { $0.contains("/\(suite)/") && $0.contains(" is expired") }
            }
            if !newly.isEmpty {
                // A mirror that froze (or a snapshot) still carries the archive's signature, which apt goes on to
                // verify; what is lost is the promise that nothing newer exists. Worth a warning, not a refusal.
                expired.formUnion(newly)
                for suite in newly {
                    warnings.append(
                        "the mirror's index of Debian \(suite) is past its date; its signature is verified, "
                            + "but newer packages may exist")
                }
                continue
            }
            let failure =
                text.split(separator: "\n").first { $0.hasPrefix("E:") }
                ?? text.split(separator: "\n").first { $0.hasPrefix("W: Failed to fetch") || $0.contains("NO_PUBKEY") }
            if result.timedOut || result.status != 0 || failure != nil {
                let reason =
                    result.timedOut ? "no answer within 300 s" : failure.map(String.init) ?? "status \(result.status)"
                throw FwtoolError(
                    "the package indexes of the Debian mirror could not be fetched (\(reason))",
                    remedy: "check the network, or name another mirror with --mirror URL")
            }
            updated = true
            return
        }
        throw FwtoolError(
            "the package indexes of the Debian mirror could not be fetched",
            remedy: "check the network, or name another mirror with --mirror URL")
    }

    private func sources(expired: Set<String>) throws {
        let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        guard FileManager.default.fileExists(atPath: keyring) else {
            throw FwtoolError("\(keyring) is missing, so no package could be verified", remedy: "run: fwtool doctor")
        }
        let url = try DebianMirror.choose(mirror)
        let lines = Self.suites.map { suite in
            let options = "signed-by=\(keyring)" + (expired.contains(suite) ? " check-valid-until=no" : "")
            let components = suite == Self.stable ? "main non-free-firmware" : "main"
            return "deb [\(options)] \(url) \(suite) \(components)"
        }
        try (lines.joined(separator: "\n") + "\n")
            .write(to: root.appendingPathComponent("sources.list"), atomically: true, encoding: .utf8)
    }

    private func configuration() throws -> String {
        // Proxies and credentials of the host stay valid for the private root.
        let host = try Command("apt-config", ["dump"]).run()
        let acquire = host.split(separator: "\n").filter {
            ($0.hasPrefix("Acquire::http") || $0.hasPrefix("Acquire::https")) && !$0.hasSuffix("\"\";")
        }
        return """
            Dir "\(root.path)";
            Dir::State "\(root.path)";
            Dir::State::status "\(root.path)/status";
            Dir::State::lists "\(root.path)/lists";
            Dir::Cache "\(root.path)";
            Dir::Cache::archives "\(root.path)/archives";
            Dir::Etc::sourcelist "\(root.path)/sources.list";
            Dir::Etc::sourceparts "\(root.path)/parts";
            Dir::Etc::parts "\(root.path)/parts";
            Dir::Etc::main "\(root.path)/parts/none";
            Dir::Etc::preferences "\(root.path)/parts/none";
            Dir::Etc::preferencesparts "\(root.path)/parts";
            Dir::Log "\(root.path)";
            APT::Architecture "arm64";
            APT::Architectures { "arm64"; };
            APT::Sandbox::User "root";
            Acquire::Languages "none";
            Acquire::Retries "3";
            Acquire::http::Timeout "30";
            Acquire::https::Timeout "30";
            \(acquire.joined(separator: "\n"))

            """
    }

    private func download(_ packages: [PackageName]) throws {
        try update()
        let names = packages.map(\.description)
        let listing: String
        do { listing = try apt("apt-get", ["download", "--print-uris"] + names).run() } catch let error as FwtoolError {
            throw FwtoolError(
                "a package cannot be found on the Debian mirror: \(error.cause)",
                remedy: "check the name, or name another mirror with --mirror URL")
        }
        // 'URI' FILE BYTES SHA256:HASH, in the order asked for is not promised: match by name.
        var files: [String: Resolved] = [:]
        for line in listing.split(separator: "\n") where line.hasPrefix("'") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 4, let bytes = Int(words[2]), words[3].hasPrefix("SHA256:") else { continue }
            let parts = words[1].split(separator: "_").map(String.init)
            guard parts.count >= 3 else { continue }
            files[parts[0]] = Resolved(
                version: parts[1].removingPercentEncoding ?? parts[1], file: words[1],
                sha256: String(words[3].dropFirst(7)), bytes: bytes)
        }
        for package in packages where files[package.name] == nil {
            throw FwtoolError(
                "package \(package) is not on the Debian mirror", remedy: "name another mirror with --mirror URL")
        }

        let total = files.values.reduce(0) { $0 + $1.bytes }
        let started = Date()
        let bar = progress("Downloading \(files.count) package\(files.count == 1 ? "" : "s")")
        bar.setTotal(Int64(total), unit: .bytes)
        // The archive folder's growth is the progress: apt tells it in a form that changes between versions.
        let watcher = FolderGrowth(archives, names: files.values.map(\.file), bar)
        defer {
            watcher.stop()
            bar.finish()
            networkSeconds += Date().timeIntervalSince(started)
        }
        var command = apt("apt-get", ["download"] + names, deadline: 3600)
        command.directory = archives
        do { try command.run() } catch let error as FwtoolError {
            throw FwtoolError(
                "packages could not be downloaded: \(error.cause)",
                remedy: "check network and disk space, then run the command again: finished downloads are kept")
        }
        for package in packages { resolved[package.description] = files[package.name] }
        try save()
    }

    private func save() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try encoder.encode(resolved).write(to: root.appendingPathComponent("resolved.json"), options: .atomic)
    }

    private func size(of file: URL) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: file.path))?[.size] as? Int
    }
}

/// Reports how much of the awaited files has arrived in a folder, until stopped.
private final class FolderGrowth: Sendable {
    private let stopped = Atomic(false)

    init(_ folder: URL, names: [String], _ bar: Progress) {
        Thread.detachNewThread { [self] in
            while !stopped.load(ordering: .relaxed) {
                var bytes = 0
                for path in names.flatMap({ [$0, "partial/\($0)"] }) {
                    let attributes = try? FileManager.default.attributesOfItem(
                        atPath: folder.appendingPathComponent(path).path)
                    bytes += attributes?[.size] as? Int ?? 0
                }
                bar.update(Int64(bytes))
                Thread.sleep(forTimeInterval: 0.25)
            }
        }
    }

    func stop() { stopped.store(true, ordering: .relaxed) }
}

import Foundation

/// The modules of one kernel package and what they need of each other.
struct KernelModules {
    let kernel: PackageStore.Unpacked
    /// e.g. `6.12.107+deb13-arm64`.
    let release: String
    /// Path below the release's folder (`kernel/fs/erofs/erofs.ko.xz`) to the paths it depends on.
    private let dependencies: [String: [String]]
    /// Module name to path.
    private let paths: [String: String]
    /// Names that are part of the kernel itself.
    private let builtin: Set<String>

    init(_ kernel: PackageStore.Unpacked) throws {
        self.kernel = kernel
        let folders = kernel.glob("usr/lib/modules/*")
        guard folders.count == 1 else {
            throw FwtoolError(
                "package \(kernel.name) has no kernel modules in usr/lib/modules", remedy: "correct the board profile")
        }
        let release = folders[0].lastPathComponent
        self.release = release
        // The package leaves depmod to its installation, which this is.
        let table = folders[0].appendingPathComponent("modules.dep")
        if !FileManager.default.fileExists(atPath: table.path) {
            let base = kernel.folder.appendingPathComponent("usr").path
            try Command("depmod", ["-b", base, release], deadline: 300).run()
        }
        var dependencies: [String: [String]] = [:]
        var paths: [String: String] = [:]
        for line in try String(contentsOf: table, encoding: .utf8).split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let path = String(line[..<colon])
            dependencies[path] = line[line.index(after: colon)...].split(separator: " ").map(String.init)
            paths[Self.name(path)] = path
        }
        self.dependencies = dependencies
        self.paths = paths
        let list = folders[0].appendingPathComponent("modules.builtin")
        builtin = Set(
            (try? String(contentsOf: list, encoding: .utf8))?.split(separator: "\n").map { Self.name(String($0)) } ?? []
        )
    }

    /// `kernel/fs/erofs/erofs.ko.xz` -> `erofs`; modprobe takes - and _ for the same.
    private static func name(_ path: String) -> String {
        var name = path.split(separator: "/").last.map(String.init) ?? path
        if let dot = name.range(of: ".ko") { name = String(name[..<dot.lowerBound]) }
        return name.replacingOccurrences(of: "-", with: "_")
    }

    /// The modules of these names and all they depend on, as paths.
    func closure(_ names: [String], profile: String) throws -> Set<String> {
        var found: Set<String> = []
        for name in names {
            let plain = Self.name(name)
            if builtin.contains(plain) { continue }
            guard let path = paths[plain] else {
                throw FwtoolError(
                    "kernel \(release) has no module '\(name)'",
                    remedy: "correct modules in the board profile \(profile)")
            }
            found.insert(path)
            found.formUnion(dependencies[path] ?? [])
        }
        return found
    }

    /// Copies modules, unpacked, below `root` and writes the tables BusyBox modprobe reads.
    func install(_ modules: Set<String>, into root: URL) throws {
        let manager = FileManager.default
        let source = kernel.folder.appendingPathComponent("usr/lib/modules/\(release)")
        let target = root.appendingPathComponent("lib/modules/\(release)")
        for path in modules.sorted() {
            let file = target.appendingPathComponent(path)
            try manager.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try manager.copyItem(at: source.appendingPathComponent(path), to: file)
        }
        let packed = modules.filter { $0.hasSuffix(".xz") }.sorted().map { target.appendingPathComponent($0).path }
        if !packed.isEmpty { try Command("xz", ["-d"] + packed, deadline: 300).run() }
        try manager.createDirectory(at: target, withIntermediateDirectories: true)
        for name in ["modules.order", "modules.builtin"] {
            let from = source.appendingPathComponent(name)
            if manager.fileExists(atPath: from.path) {
                try manager.copyItem(at: from, to: target.appendingPathComponent(name))
            }
        }
        try Command("depmod", ["-b", root.path, release], deadline: 300).run()
        // BusyBox reads modules.dep and modules.alias; the rest is kmod's own.
        for file in try manager.contentsOfDirectory(at: target, includingPropertiesForKeys: nil)
        where file.lastPathComponent.hasPrefix("modules.")
            && !["modules.dep", "modules.alias"].contains(file.lastPathComponent)
        {
            try manager.removeItem(at: file)
        }
    }
}

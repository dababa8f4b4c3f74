import Foundation

/// What every program on the device needs to run: BusyBox, the Swift runtime and the C libraries.
///
/// It travels compressed in the initramfs and stays in memory, mounted on `/runtime` of the root. Paging the same 18 MB
/// uncompressed from the card took most of the time from the kernel's start of init to the first reading. The root image
/// is left with the app, a few megabytes that are quick to verify and of which an update fetches only what changed.
struct RuntimeLayer {
    let sdk: InstalledSDK
    let busybox: URL
    /// apus-root, which the initramfs runs.
    let rootProgram: URL
    /// `llvm-objcopy`.
    let objcopy: String

    /// Links in the root image that lead into the layer.
    static let links = [
        ("usr/bin/busybox", "/runtime/bin/busybox"), ("usr/lib/aarch64-linux-gnu", "/runtime/lib"),
        ("usr/lib/ld-linux-aarch64.so.1", "/runtime/lib/ld-linux-aarch64.so.1"),
    ]

    /// The layer's files below `/runtime`, for these programs.
    func files(for programs: [URL]) throws -> [(path: String, file: URL)] {
        let libraries = try libraries(for: programs).sorted { $0.lastPathComponent < $1.lastPathComponent }
        return [("bin/busybox", busybox), ("bin/apus-root", try stripped(rootProgram))]
            + (try libraries.map { ("lib/\($0.lastPathComponent)", try stripped($0)) })
    }

    /// Everything reachable through DT_NEEDED, and the dynamic linker, from the SDK the programs were linked with.
    private func libraries(for programs: [URL]) throws -> [URL] {
        let folders = [
            sdk.resources.appendingPathComponent("linux"),
            sdk.sysroot.appendingPathComponent("usr/lib/aarch64-linux-gnu"),
            sdk.sysroot.appendingPathComponent("usr/lib"), sdk.sysroot.appendingPathComponent("lib"),
        ]
        var wanted: [(name: String, by: String)] = []
        func read(_ file: URL) throws {
            guard let elf = try ELF.read(file) else {
                throw FwtoolError("\(file.path) is no ELF file", remedy: "build or install it anew")
            }
            try elf.requireDevice(file.path)
            wanted += elf.needed.map { ($0, file.lastPathComponent) }
            if let linker = elf.interpreter?.split(separator: "/").last {
                wanted.append((String(linker), file.lastPathComponent))
            }
        }
        for program in programs { try read(program) }
        var found: [String: URL] = [:]
        while let (name, by) = wanted.popLast() {
            if found[name] != nil { continue }
            let candidates = folders.map { $0.appendingPathComponent(name) }
            guard let library = candidates.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
                throw FwtoolError(
                    "\(by) needs \(name), which the SDK \(sdk.name) does not have",
                    remedy: "add its Debian package: fwtool sdk install --package NAME")
            }
            found[name] = library
            try read(library.resolvingSymlinksInPath())
        }
        return Array(found.values)
    }

    /// Strips a library or program, once for all builds.
    private func stripped(_ library: URL) throws -> URL {
        let file = library.resolvingSymlinksInPath()
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        return try ArtifactCache.file(
            library.lastPathComponent, inputs: ["1", file.path, "\(attributes[.size] ?? 0)", "\(changed)"]
        ) { try Command(objcopy, ["--strip-unneeded", file.path, $0.path]).run() }
    }
}

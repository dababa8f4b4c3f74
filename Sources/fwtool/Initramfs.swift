import Foundation

/// The initramfs: `Firmware/initramfs/init`, the modules the board needs first, and the ``RuntimeLayer``.
enum Initramfs {
    /// - Parameter runtime: what is to lie below `/runtime`.
    static func file(
        profile: BoardProfile, modules: KernelModules, runtime: [(path: String, file: URL)]
    ) throws -> URL {
        let script = try Resources.firmware("initramfs/init")
        let names = profile.modules.initramfs.map(\.name)
        let inputs =
            [
                "2", modules.kernel.folder.path, names.joined(separator: " "),
                try String(contentsOf: script, encoding: .utf8),
            ] + runtime.map { "\($0.path)=\($0.file.path)" }
        return try ArtifactCache.file("initramfs.uimage", inputs: inputs) { file in
            try TemporaryFolder.with(beside: file) { folder in
                let root = folder.appendingPathComponent("root")
                try stage(root, script: script, names: names, profile: profile, modules: modules, runtime: runtime)
                let archive = folder.appendingPathComponent("initramfs.cpio.zst")
                // Sorted names, no times, no inode numbers: same input, same bytes.
                let pack =
                    "set -o pipefail; cd \"$0\" && find . -exec touch -h -d @0 {} + && find . -print0 | sort -z "
                    + "| cpio -0 -o -H newc -R +0:+0 --reproducible --quiet | zstd -19 -q -o \"$1\""
                try Command("bash", ["-c", pack, root.path, archive.path], environment: ["LC_ALL": "C"], deadline: 300)
                    .run()
                try UImage.write(
                    archive, to: file, type: "ramdisk", compression: "none", address: "0",
                    name: "Apus initramfs \(profile.name)")
            }
        }
    }

    private static func stage(
        _ root: URL, script: URL, names: [String], profile: BoardProfile, modules: KernelModules,
        runtime: [(path: String, file: URL)]
    ) throws {
        let manager = FileManager.default
        for name in ["dev", "proc", "sys", "new", "lib", "runtime/bin", "runtime/lib"] {
            try manager.createDirectory(
                at: root.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        for (path, file) in runtime {
            let target = root.appendingPathComponent("runtime/\(path)")
            try manager.copyItem(at: file, to: target)
            chmod(target.path, 0o755)
        }
        try manager.copyItem(at: script, to: root.appendingPathComponent("init"))
        try (names.joined(separator: " ") + "\n")
            .write(to: root.appendingPathComponent("modules"), atomically: true, encoding: .utf8)
        try modules.install(try modules.closure(names, profile: profile.name), into: root)
    }
}

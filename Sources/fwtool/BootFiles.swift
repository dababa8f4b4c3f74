import Foundation

/// The files of the FAT boot partition: what the board's own firmware reads, U-Boot, its script and its environment.
struct BootFiles {
    let profile: BoardProfile
    let store: PackageStore
    let kernel: PackageStore.Unpacked

    /// The packages the files come from.
    func packages() throws -> [PackageStore.Unpacked] {
        var names: [String] = []
        for entry in profile.boot.files where entry.package != profile.kernel.package && !names.contains(entry.package)
        {
            names.append(entry.package)
        }
        return try names.map { try store.unpack(PackageName(name: $0, suite: profile.packages.suite)) }
    }

    /// Puts them together below `folder`, in the order they are to be written.
    func stage(_ folder: URL) throws -> [(name: String, file: URL)] {
        let manager = FileManager.default
        let boot = folder.appendingPathComponent("boot")
        try manager.createDirectory(at: boot, withIntermediateDirectories: true)
        var files: [(name: String, file: URL)] = []
        for entry in profile.boot.files {
            let package =
                entry.package == profile.kernel.package
                ? kernel : try store.unpack(PackageName(name: entry.package, suite: profile.packages.suite))
            let target = boot.appendingPathComponent(entry.name)
            try manager.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try manager.copyItem(at: try package.file(entry.path), to: target)
            chmod(target.path, 0o644)
            try DeviceTree(file: target).apply(entry.edits)
            files.append((entry.name, target))
        }
        if let text = profile.boot.config {
            let file = boot.appendingPathComponent("config.txt")
            try text.write(to: file, atomically: true, encoding: .utf8)
            files.append(("config.txt", file))
        }
        files.append(("boot.scr", try script(in: boot)))
        files.append(("uboot.env", try environment(in: boot)))
        return files
    }

    /// `boot.cmd` with the board's facts before it.
    private func script(in folder: URL) throws -> URL {
        let text = try String(contentsOf: Resources.firmware("boot.cmd"), encoding: .utf8)
        let facts = """
            setenv base 0x\(String(profile.kernel.memoryStart, radix: 16))
            setenv console "\((["console=\(profile.kernel.console)"] + profile.kernel.arguments).joined(separator: " "))"

            """
        let source = folder.appendingPathComponent("boot.cmd")
        try (facts + text).write(to: source, atomically: true, encoding: .utf8)
        let file = folder.appendingPathComponent("boot.scr")
        try Command(
            "mkimage",
            ["-A", "arm64", "-T", "script", "-C", "none", "-n", "Apus boot script", "-d", source.path, file.path],
            environment: ["SOURCE_DATE_EPOCH": "0"]
        ).run()
        return file
    }

    /// The whole environment U-Boot starts with, in place of its default, which would look for USB and network boot
    /// first and can be stopped by a key (or by noise on an open serial input).
    private func environment(in folder: URL) throws -> URL {
        let card = profile.boot.card.rawValue
        let text = """
            bootdelay=-2
            bootcmd=load \(card) 0:1 ${scriptaddr} boot.scr && source ${scriptaddr}; reset
            devtype=\(card)
            devnum=0
            scriptaddr=0x\(String(profile.kernel.memoryStart + 0x240_0000, radix: 16))
            fdt_high=ffffffffffffffff
            initrd_high=ffffffffffffffff
            stdin=serial
            stdout=serial
            stderr=serial

            """
        let source = folder.appendingPathComponent("uboot.txt")
        try text.write(to: source, atomically: true, encoding: .utf8)
        let file = folder.appendingPathComponent("uboot.env")
        // CONFIG_ENV_SIZE of Debian's rpi builds.
        try Command("mkenvimage", ["-s", "0x4000", "-o", file.path, source.path]).run()
        return file
    }
}

import Foundation

/// The read-only root image: the app, apus-init, the shared libraries both need, BusyBox, the running system's kernel
/// modules, and nothing else.
struct RootImage {
    let profile: BoardProfile
    let sdk: InstalledSDK
    let modules: KernelModules
    let busybox: URL
    /// Stripped for the image by `llvm-objcopy`.
    let objcopy: String

    /// The BusyBox applets the system itself uses, and what an operator needs on a console.
    private static let applets = [
        "cat", "date", "df", "dmesg", "echo", "free", "grep", "halt", "hostname", "ip", "kill", "ln", "ls", "lsmod",
        "modprobe", "mount", "mv", "nslookup", "pidof", "ping", "poweroff", "ps", "reboot", "rm", "sh", "sleep", "sync",
        "top", "udhcpc", "umount", "uptime", "vi",
    ]

    /// Stages the tree below `root`.
    func stage(_ root: URL, app: AppPackage, binaries: AppBinaries) throws {
        let manager = FileManager.default
        for name in [
            "app", "data", "dev", "etc/apus", "proc", "run", "sys", "tmp", "usr/bin", "usr/sbin", "usr/lib/apus",
            "usr/lib/aarch64-linux-gnu",
        ] {
            try manager.createDirectory(at: root.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        for name in ["bin", "sbin", "lib"] {
            try manager.createSymbolicLink(
                atPath: root.appendingPathComponent(name).path, withDestinationPath: "usr/\(name)")
        }
        // What udhcpc learns; the root itself is read-only.
        try manager.createSymbolicLink(
            atPath: root.appendingPathComponent("etc/resolv.conf").path, withDestinationPath: "/run/resolv.conf")
        try copySkeleton(to: root)

        try manager.copyItem(at: busybox, to: root.appendingPathComponent("usr/bin/busybox"))
        for applet in Self.applets {
            try manager.createSymbolicLink(
                atPath: root.appendingPathComponent("usr/bin/\(applet)").path, withDestinationPath: "busybox")
        }
        try strip(binaries.initProgram, to: root.appendingPathComponent("usr/sbin/apus-init"))
        try strip(binaries.app, to: root.appendingPathComponent("app/\(app.product)"))
        for bundle in binaries.resources {
            try manager.copyItem(at: bundle, to: root.appendingPathComponent("app/\(bundle.lastPathComponent)"))
        }
        try libraries(for: [binaries.app, binaries.initProgram], into: root)

        // What the initramfs has loaded needs no second copy.
        let loaded = try modules.closure(profile.modules.initramfs.map(\.name), profile: profile.name)
        let wanted = try modules.closure(profile.modules.root.map(\.name), profile: profile.name)
        try modules.install(wanted.subtracting(loaded), into: root)

        try configuration(root, app: app)
        try refuseForeignBinaries(in: root)
    }

    private func copySkeleton(to root: URL) throws {
        let manager = FileManager.default
        let skeleton = try Resources.firmware("rootfs")
        guard let walk = manager.enumerator(at: skeleton, includingPropertiesForKeys: [.isDirectoryKey]) else { return }
        for case let file as URL in walk {
            let isFolder = try file.resourceValues(forKeys: [.isDirectoryKey]).isDirectory ?? false
            let target = root.appendingPathComponent(
                String(file.standardizedFileURL.path.dropFirst(skeleton.standardizedFileURL.path.count + 1)))
            if isFolder {
                try manager.createDirectory(at: target, withIntermediateDirectories: true)
            } else {
                try manager.copyItem(at: file, to: target)
            }
        }
    }

    private func strip(_ program: URL, to target: URL) throws {
        try Command(objcopy, ["--strip-all", program.path, target.path]).run()
    }

    /// Shared libraries: everything reachable through DT_NEEDED, from the SDK the programs were linked with.
    private func libraries(for programs: [URL], into root: URL) throws {
        let manager = FileManager.default
        let folders = [
            sdk.resources.appendingPathComponent("linux"),
            sdk.sysroot.appendingPathComponent("usr/lib/aarch64-linux-gnu"),
            sdk.sysroot.appendingPathComponent("usr/lib"), sdk.sysroot.appendingPathComponent("lib"),
        ]
        func find(_ name: String) -> URL? {
            folders.map { $0.appendingPathComponent(name) }.first { manager.fileExists(atPath: $0.path) }
        }
        var wanted: [(name: String, by: String)] = []
        var interpreter: String?
        func read(_ file: URL) throws {
            guard let elf = try ELF.read(file) else {
                throw FwtoolError("\(file.path) is no ELF file", remedy: "build or install it anew")
            }
            wanted += elf.needed.map { ($0, file.lastPathComponent) }
            interpreter = interpreter ?? elf.interpreter
        }
        for program in programs { try read(program) }
        var taken: Set<String> = []
        while let (name, by) = wanted.popLast() {
            if !taken.insert(name).inserted { continue }
            guard let library = find(name) else {
                throw FwtoolError(
                    "\(by) needs \(name), which the SDK \(sdk.name) does not have",
                    remedy: "add its Debian package: fwtool sdk install --package NAME")
            }
            try read(library.resolvingSymlinksInPath())
            // The dynamic linker's own folder comes first in its search: no failed look-ups in others.
            let target =
                name == interpreter?.split(separator: "/").last.map(String.init)
                ? root.appendingPathComponent("usr/lib/\(name)")
                : root.appendingPathComponent("usr/lib/aarch64-linux-gnu/\(name)")
            try install(library, to: target)
        }
        // A program that names its dynamic linker only as such, not among its libraries.
        if let linker = interpreter?.split(separator: "/").last.map(String.init), taken.insert(linker).inserted {
            guard let library = find(linker) else {
                throw FwtoolError("the SDK \(sdk.name) has no \(linker)", remedy: "compose it anew: fwtool sdk install")
            }
            let target = root.appendingPathComponent("usr/lib/\(linker)")
            try install(library, to: target)
        }
    }

    /// Strips a library once and for all builds.
    private func install(_ library: URL, to target: URL) throws {
        let file = library.resolvingSymlinksInPath()
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        let stripped = try ArtifactCache.file(
            library.lastPathComponent, inputs: ["1", file.path, "\(attributes[.size] ?? 0)", "\(changed)"]
        ) { try Command(objcopy, ["--strip-unneeded", file.path, $0.path]).run() }
        try FileManager.default.copyItem(at: stripped, to: target)
        chmod(target.path, 0o755)
    }

    /// What apus-init and the app read: facts of the board, the app's defaults.
    private func configuration(_ root: URL, app: AppPackage) throws {
        var board = [
            "board=\(profile.name)", "app=/app/\(app.product)", "product=\(app.product)", "version=\(app.version)",
            "gpio.label=\(profile.gpio.label)", "gpio.lines=\(profile.gpio.lines)",
            "modules=\(profile.modules.root.map(\.name).joined(separator: " "))",
        ]
        board += profile.buses.map { "\($0.kind.rawValue).\($0.name)=\($0.path)" }
        let folder = root.appendingPathComponent("etc/apus")
        try (board.joined(separator: "\n") + "\n")
            .write(to: folder.appendingPathComponent("board.conf"), atomically: true, encoding: .utf8)
        let defaults = app.configuration.map { "\($0.key)=\($0.value)\n" }.joined()
        try defaults.write(to: folder.appendingPathComponent("app.conf"), atomically: true, encoding: .utf8)
    }

    /// A program of the developer's machine in the image would fail on the device with "Exec format error", where nobody
    /// sees it.
    private func refuseForeignBinaries(in root: URL) throws {
        let manager = FileManager.default
        guard let walk = manager.enumerator(at: root, includingPropertiesForKeys: [.isRegularFileKey]) else { return }
        for case let file as URL in walk {
            guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true,
                let elf = try ELF.read(file), elf.machine != ELF.aarch64
            else { continue }
            let path = file.standardizedFileURL.path.dropFirst(root.standardizedFileURL.path.count)
            throw FwtoolError(
                "\(path) in the root image is built for \(ELF.machineName(elf.machine)), the device is arm64",
                remedy: "build it with the device's Swift SDK, or take it out of the app's resources")
        }
    }

    /// Makes the erofs image. Uncompressed: a change of the app then changes few of its blocks, and the bundle is
    /// compressed anyway.
    static func pack(_ root: URL, to image: URL) throws {
        try Command(
            "mkfs.erofs",
            // Times, owners, attributes and UUID fixed: same tree, same bytes.
            [
                "-T0", "--force-uid=0", "--force-gid=0", "-x-1", "-U", "61707573-0000-4000-8000-000000000000",
                image.path,
                root.path,
            ], deadline: 300
        ).run()
    }
}

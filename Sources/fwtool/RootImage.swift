import Bundle
import Foundation

/// The read-only root image: the app, apus-init, apus, the running system's kernel modules and configuration, what
/// repairs the data partition, and nothing else. What these programs need to run comes from the ``RuntimeLayer``.
struct RootImage {
    let profile: BoardProfile
    let modules: KernelModules
    let dataTools: DataTools
    /// Stripped for the image by `llvm-objcopy`.
    let objcopy: String
    /// Debian's `ca-certificates`: Mozilla's list, by which https tells whom to trust.
    let certificates: PackageStore.Unpacked

    /// The BusyBox applets the system itself uses, and what an operator needs on a console.
    private static let applets = [
        "cat", "date", "df", "dmesg", "echo", "free", "grep", "halt", "hostname", "ip", "kill", "ln", "ls", "lsmod",
        "modprobe", "mount", "mv", "nslookup", "pidof", "ping", "poweroff", "ps", "reboot", "rm", "sh", "sleep", "sync",
        "top", "udhcpc", "umount", "uptime", "vi",
    ]

    /// Stages the tree below `root`.
    ///
    /// - Parameter trusted: one of these must have signed a bundle for the device to install it.
    func stage(_ root: URL, app: AppPackage, binaries: AppBinaries, trusted: [VerificationKey]) throws {
        let manager = FileManager.default
        for name in [
            "app", "data", "dev", "etc/apus", "proc", "run", "runtime", "sys", "tmp", "usr/bin", "usr/sbin",
            "usr/lib/apus",
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
        try copy(try Resources.firmware("rootfs"), to: root)

        for (name, target) in RuntimeLayer.links {
            try manager.createSymbolicLink(
                atPath: root.appendingPathComponent(name).path, withDestinationPath: target)
        }
        for applet in Self.applets {
            try manager.createSymbolicLink(
                atPath: root.appendingPathComponent("usr/bin/\(applet)").path, withDestinationPath: "busybox")
        }
        try dataTools.stage(root)
        try strip(binaries.initProgram, to: root.appendingPathComponent("usr/sbin/apus-init"))
        try strip(binaries.command, to: root.appendingPathComponent("usr/bin/apus"))
        try strip(binaries.app, to: root.appendingPathComponent("app/\(app.product)"))

        // One file, as Debian's update-ca-certificates makes it and OpenSSL reads it.
        let folder = root.appendingPathComponent("etc/ssl/certs")
        try manager.createDirectory(at: folder, withIntermediateDirectories: true)
        var authorities = Data()
        for file in certificates.glob("usr/share/ca-certificates/mozilla/*.crt") {
            authorities += try Data(contentsOf: file)
        }
        try authorities.write(to: folder.appendingPathComponent("ca-certificates.crt"))

        // What the initramfs has loaded needs no second copy.
        let loaded = try modules.closure(profile.modules.initramfs.map(\.name), profile: profile.name)
        let wanted = try modules.closure(
            (profile.modules.root + profile.modules.onDemand).map(\.name), profile: profile.name)
        try modules.install(wanted.subtracting(loaded), into: root)

        try configuration(root, app: app)
        let keys = root.appendingPathComponent("etc/apus/keys")
        try manager.createDirectory(at: keys, withIntermediateDirectories: true)
        for key in Set(trusted) {
            try Data(key.pem).write(to: keys.appendingPathComponent("\(key.id).pub"))
        }
        if let overlay = app.overlay { try copy(overlay, to: root) }
        try refuseForeignBinaries(in: root)
    }

    /// Copies a tree's files to where they are not yet.
    private func copy(_ skeleton: URL, to root: URL) throws {
        let manager = FileManager.default
        guard let walk = manager.enumerator(at: skeleton, includingPropertiesForKeys: [.isDirectoryKey]) else { return }
        for case let file as URL in walk {
            let isFolder = try file.resourceValues(forKeys: [.isDirectoryKey]).isDirectory ?? false
            let target = root.appendingPathComponent(
                String(file.standardizedFileURL.path.dropFirst(skeleton.standardizedFileURL.path.count + 1)))
            if isFolder {
                try manager.createDirectory(at: target, withIntermediateDirectories: true)
            } else if (try? manager.attributesOfItem(atPath: target.path)) != nil {
                throw FwtoolError(
                    "\(file.path) would replace a file of the root image", remedy: "give it another name or place")
            } else {
                try manager.copyItem(at: file, to: target)
            }
        }
    }

    /// Programs end on boundaries of this: while they grow less, no other file of the image moves. The zeros cost
    /// nothing in a bundle.
    private static let programAlignment: UInt64 = 65536

    private func strip(_ program: URL, to target: URL) throws {
        try Command(objcopy, ["--strip-all", program.path, target.path]).run()
        let file = try FileHandle(forWritingTo: target)
        defer { try? file.close() }
        let size = try file.seekToEnd()
        try file.truncate(atOffset: (size + Self.programAlignment - 1) / Self.programAlignment * Self.programAlignment)
    }

    /// What apus-init and the app read: facts of the board, the app's defaults.
    private func configuration(_ root: URL, app: AppPackage) throws {
        var board = [
            "board=\(profile.name)", "app=/app/\(app.product)", "product=\(app.product)", "version=\(app.version)",
            "gpio.label=\(profile.gpio.label)", "gpio.lines=\(profile.gpio.lines)",
            "modules=\(profile.modules.root.map(\.name).joined(separator: " "))",
        ]
        if !profile.gpio.header.isEmpty {
            board.append("gpio.header=\(profile.gpio.header.map { "\($0.number):\($0.line)" }.joined(separator: ","))")
        }
        board += profile.buses.map { "\($0.kind.rawValue).\($0.name)=\($0.path)" }
        if !profile.kernelDevices.isEmpty {
            let devices = profile.kernelDevices.map { "\($0.bus):\($0.hexadecimalAddress):\($0.driver)" }
            board.append("kernel-devices=\(devices.joined(separator: ","))")
        }
        let folder = root.appendingPathComponent("etc/apus")
        try (board.joined(separator: "\n") + "\n")
            .write(to: folder.appendingPathComponent("board.conf"), atomically: true, encoding: .utf8)
        let defaults = app.configuration.map { "\($0.key)=\($0.value)\n" }.joined()
        try defaults.write(to: folder.appendingPathComponent("app.conf"), atomically: true, encoding: .utf8)
    }

    private func refuseForeignBinaries(in root: URL) throws {
        let manager = FileManager.default
        guard let walk = manager.enumerator(at: root, includingPropertiesForKeys: [.isRegularFileKey]) else { return }
        for case let file as URL in walk {
            guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true,
                let elf = try ELF.read(file)
            else { continue }
            let path = file.standardizedFileURL.path.dropFirst(root.standardizedFileURL.path.count)
            try elf.requireDevice("\(path) in the root image")
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

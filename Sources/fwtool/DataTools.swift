import Foundation

/// The programs that repair the device's data partition and make it anew, e2fsck and mke2fs, with the libraries only they
/// need, in a folder of the root image: there they cost no memory, and a device that never needs them never reads them.
struct DataTools {
    /// Programs and libraries, each to lie in ``folder`` under its name.
    let files: [(name: String, file: URL)]
    let packages: [PackageStore.Unpacked]

    /// In the root image. The same is written in `Sources/apus-init/DataPartition.swift`.
    static let folder = "usr/lib/apus/e2fsprogs"

    private static let programs = ["usr/sbin/e2fsck", "usr/sbin/mke2fs"]
    private static let names = ["e2fsprogs", "libext2fs2t64", "libcom-err2", "libblkid1", "libuuid1"]
    /// What the runtime layer has anyway: the C library and its dynamic linker.
    private static let present: Set = ["libc.so.6", "ld-linux-aarch64.so.1"]

    /// Fetches them.
    init(store: PackageStore, suite: String) throws {
        let unpacked = try store.unpack(Self.names.map { PackageName(name: $0, suite: suite) })
        var files: [(name: String, file: URL)] = []
        var wanted: [String] = []
        func add(_ name: String, _ file: URL) throws {
            guard let elf = try ELF.read(file) else { throw FwtoolError("\(file.path) is no ELF file") }
            try elf.requireDevice(file.path)
            files.append((name, file))
            wanted += elf.needed
        }
        for program in Self.programs { try add((program as NSString).lastPathComponent, try unpacked[0].file(program)) }
        while let name = wanted.popLast() {
            if Self.present.contains(name) || files.contains(where: { $0.name == name }) { continue }
            let candidates = unpacked.flatMap { $0.glob("usr/lib/aarch64-linux-gnu/\(name)") }
            guard let library = candidates.first else {
                throw FwtoolError(
                    "no package of \(Self.names.joined(separator: ", ")) has \(name), which e2fsck or mke2fs needs")
            }
            // Under the name the dynamic linker looks for, not the link's target.
            try add(name, library.resolvingSymlinksInPath())
        }
        packages = unpacked
        self.files = files.sorted { $0.name < $1.name }
    }

    func stage(_ root: URL) throws {
        let folder = root.appendingPathComponent(Self.folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, file) in files {
            let target = folder.appendingPathComponent(name)
            try FileManager.default.copyItem(at: file, to: target)
            chmod(target.path, 0o755)
        }
    }
}

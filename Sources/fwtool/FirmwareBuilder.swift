import Bundle
import Foundation

/// From an app's package to a signed bundle.
struct FirmwareBuilder {
    let profile: BoardProfile
    let package: AppPackage
    let sdk: InstalledSDK
    let toolchain: SwiftToolchain
    let store: PackageStore
    let output: OutputOptions

    /// Builds and writes `bundle`; a bundle that was there before stays untouched until the new one is complete.
    func build(to bundle: URL, signedBy key: SigningKey) async throws -> Manifest {
        let binaries = try AppBinaries.build(package, sdk: sdk, quiet: output.quiet)

        let suite = profile.packages.suite
        let kernelName = try store.apt.dependency(
            of: PackageName(name: profile.kernel.package, suite: suite), withPrefix: "linux-image-")
        let kernel = try store.unpack(kernelName)
        let busybox = try store.unpack(PackageName(name: "busybox-static", suite: suite))
        let program = try busybox.file("usr/bin/busybox")
        let modules = try KernelModules(kernel)
        let dataTools = try DataTools(store: store, suite: suite)

        let kernelImage = try cached("Compressing the kernel") {
            try KernelImage.file(kernel, base: profile.kernel.memoryStart)
        }
        let objcopy = toolchain.tool("llvm-objcopy")
        let ramdisk = try cached("Packing the initramfs") {
            let runtime = RuntimeLayer(
                sdk: sdk, busybox: program, rootProgram: binaries.rootProgram, objcopy: objcopy)
            return try Initramfs.file(
                profile: profile, modules: modules,
                runtime: runtime.files(for: [binaries.app, binaries.initProgram, binaries.rootProgram]))
        }
        return try await TemporaryFolder.with(beside: bundle) { folder in
            let root = folder.appendingPathComponent("root")
            let rootImage = folder.appendingPathComponent("root.erofs")
            let slot = folder.appendingPathComponent("slot")
            try cached("Composing the root image") {
                try RootImage(profile: profile, modules: modules, dataTools: dataTools, objcopy: objcopy).stage(
                    root, app: package, binaries: binaries)
                try RootImage.pack(root, to: rootImage)
                try SlotImage.write(root: rootImage, kernel: kernelImage, ramdisk: ramdisk, to: slot)
            }
            try checkFits(slot)
            let boot = try BootFiles(profile: profile, store: store, kernel: kernel).stage(folder)
            return try await pack(
                slot, boot, to: bundle, key: key,
                metadata: [
                    "kernel": "\(kernel.name.name) \(kernel.version)", "busybox": busybox.version,
                    "swift.runtime": sdk.manifest?.runtime.description ?? sdk.name,
                    "swift.compiler": toolchain.versionLine,
                    "sdk": sdk.name,
                ])
        }
    }

    /// A step that is quick when its result is cached.
    private func cached<T>(_ label: String, _ body: () throws -> T) rethrows -> T {
        let bar = output.progress(label)
        defer { bar.finish() }
        return try body()
    }

    private func checkFits(_ slot: URL) throws {
        let size = try FileManager.default.attributesOfItem(atPath: slot.path)[.size] as? Int ?? 0
        let room = profile.partitions.slot * 1024 * 1024
        guard size <= room else {
            throw FwtoolError(
                "the firmware needs \(size / 1024 / 1024 + 1) MiB, a slot of \(profile.name) has "
                    + "\(profile.partitions.slot) MiB",
                remedy: "make the app smaller, or the slots larger in the board profile (for new cards)")
        }
    }

    private func pack(
        _ slot: URL, _ boot: [(name: String, file: URL)], to bundle: URL, key: SigningKey, metadata: [String: String]
    ) async throws -> Manifest {
        let chunks = try CacheDirectory.folder("chunks")
        let writer = BundleWriter(
            product: package.product, version: package.version, board: profile.name, metadata: metadata
        ) { chunk, digest in
            // Most chunks of a new version are those of the last one, and zstd -19 is what takes time.
            let file = chunks.appendingPathComponent("\(digest).zst")
            if let known = try? Data(contentsOf: file) { return [UInt8](known) }
            let packed = Zstandard.compress(chunk)
            try? Data(packed).write(to: file, options: .atomic)
            return packed
        }
        let sources =
            [BundleWriter.Source(name: Manifest.slotName, content: .file(path: slot.path))]
            + boot.map { .init(name: Manifest.bootPrefix + $0.name, content: .file(path: $0.file.path)) }
        let bar = output.progress("Packing \(bundle.lastPathComponent)")
        defer { bar.finish() }
        return try await writer.write(sources, signedBy: [key], to: bundle.path) { done, total in
            bar.setTotal(Int64(total), unit: .bytes)
            bar.update(Int64(done))
        }
    }
}

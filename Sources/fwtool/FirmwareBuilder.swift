import Bundle
import Foundation

/// From an app's package to a signed bundle.
struct FirmwareBuilder {
    let profile: BoardProfile
    let package: AppPackage
    let sdk: InstalledSDK
    let toolchain: SwiftToolchain
    let store: PackageStore
    /// Public keys whose bundles the device accepts, besides those of the keys that sign this one.
    let trusted: [VerificationKey]
    let output: OutputOptions

    /// Builds and writes `bundle`; a bundle that was there before stays untouched until the new one is complete.
    func build(to bundle: URL, signedBy keys: [SigningKey]) async throws -> Manifest {
        let binaries = try AppBinaries.build(package, sdk: sdk, quiet: output.quiet)

        let suite = profile.packages.suite
        let kernelName = try store.apt.dependency(
            of: PackageName(name: profile.kernel.package, suite: suite), withPrefix: "linux-image-")
        let kernel = try store.unpack(kernelName)
        let busybox = try store.unpack(PackageName(name: "busybox-static", suite: suite))
        let certificates = try store.unpack(PackageName(name: "ca-certificates", suite: suite))
        let program = try busybox.file("usr/bin/busybox")
        let modules = try KernelModules(kernel)
        let dataTools = try DataTools(store: store, suite: suite)

        let kernelImage = try cached("Compressing the kernel") {
            try KernelImage.file(kernel, base: profile.kernel.memoryStart)
        }
        let objcopy = toolchain.tool("llvm-objcopy")
        let runtime = try cached("Collecting the runtime") {
            try RuntimeLayer(sdk: sdk, busybox: program, rootProgram: binaries.rootProgram, objcopy: objcopy)
                .files(for: [binaries.app, binaries.initProgram, binaries.rootProgram, binaries.command])
        }
        let ramdisk = try cached("Packing the initramfs") {
            try Initramfs.file(profile: profile, modules: modules, runtime: runtime)
        }
        let bootFiles = BootFiles(profile: profile, store: store, kernel: kernel)
        let bill = try billOfMaterials(
            packages: [kernel, busybox, certificates] + bootFiles.packages() + dataTools.packages,
            libraries: runtime.map(\.path).filter { $0.hasPrefix("lib/") }.map { String($0.dropFirst(4)) })
        return try await TemporaryFolder.with(beside: bundle) { folder in
            let root = folder.appendingPathComponent("root")
            let rootImage = folder.appendingPathComponent("root.erofs")
            let slot = try cached("Composing the root image") {
                try RootImage(
                    profile: profile, modules: modules, dataTools: dataTools, objcopy: objcopy,
                    certificates: certificates
                )
                .stage(root, app: package, binaries: binaries, trusted: keys.map(\.verificationKey) + trusted)
                try RootImage.pack(root, to: rootImage)
                return try SlotImage(
                    root: rootImage, kernel: kernelImage, ramdisk: ramdisk,
                    writtenTo: folder.appendingPathComponent("slot"))
            }
            try checkFits(slot.file)
            let boot = try bootFiles.stage(folder)
            return try await pack(
                slot, boot, bill, to: bundle, keys: keys,
                metadata: [
                    "kernel": "\(kernel.name.name) \(kernel.version)", "busybox": busybox.version,
                    "swift.runtime": sdk.manifest?.runtime.description ?? sdk.name,
                    "swift.compiler": toolchain.versionLine,
                    "sdk": sdk.name,
                ])
        }
    }

    private func billOfMaterials(
        packages: [PackageStore.Unpacked], libraries: [String]
    ) throws -> BillOfMaterials {
        let runtime = try BillOfMaterials.packages(of: libraries, sdk: sdk, store: store)
        let direct = packages.map { package in
            BillOfMaterials.DebianPackage(
                name: package.name.name, version: package.version, suite: package.name.suite, sha256: package.sha256)
        }
        return BillOfMaterials(
            product: package.product, version: package.version, board: profile.name,
            debian: direct + runtime.packages,
            swift: try BillOfMaterials.swiftPackages(
                of: package,
                sources: BuildPlan(of: package)?.sources(of: [package.product] + AppBinaries.systemPrograms)),
            otherLibraries: runtime.others, created: BillOfMaterials.sourceDate)
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
        _ slot: SlotImage, _ boot: [(name: String, file: URL)], _ bill: BillOfMaterials, to bundle: URL,
        keys: [SigningKey], metadata: [String: String]
    ) async throws -> Manifest {
        let writer = BundleWriter(
            product: package.product, version: package.version, board: profile.name,
            minimum: package.minimum, metadata: metadata)
        let sources =
            [BundleWriter.Source(name: Manifest.slotName, content: .file(path: slot.file.path), parts: slot.parts)]
            + boot.map { .init(name: Manifest.bootPrefix + $0.name, content: .file(path: $0.file.path)) }
            // Last, because a device has no use for it.
            + [.init(name: Manifest.sbomName, content: .bytes(try bill.document()))]
        let bar = output.progress("Packing \(bundle.lastPathComponent)")
        defer { bar.finish() }
        return try await writer.write(sources, signedBy: keys, to: bundle.path) { done, total in
            bar.setTotal(Int64(total), unit: .bytes)
            bar.update(Int64(done))
        }
    }
}

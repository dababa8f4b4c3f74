import Foundation

/// The app and the programs of the system, built for the device.
struct AppBinaries {
    var app: URL
    var initProgram: URL
    /// For the initramfs.
    var rootProgram: URL
    /// `apus`, the command.
    var command: URL

    /// The system's programs: products of the Apus package the app depends on.
    static let systemPrograms = ["apus-init", "apus-root", "apus"]

    /// Cross-compiles all of them. What the compiler says goes through unchanged.
    static func build(_ package: AppPackage, sdk: InstalledSDK, quiet: Bool) throws -> AppBinaries {
        // Planning costs a second: only where it is needed.
        let isStale = BuildPlan(of: package)?.isStale ?? false
        try swiftBuild(package, sdk, product: package.product, quiet: quiet, plansAnew: isStale)
        let products = package.folder.appendingPathComponent(".build/\(SDKBundle.triple)/release")
        let programs = systemPrograms.map { products.appendingPathComponent($0) }

        // Asking SwiftPM whether they are up to date costs seconds of every build; their few source files are compared
        // instead.
        let stamp = package.folder.appendingPathComponent(".build/apus-system.stamp")
        let state = systemSources(package).map { sources in
            Hash.hex(of: Data(([sdk.name, sdk.manifest?.compiler ?? ""] + sources).joined(separator: "\0").utf8))
        }
        let known = try? String(contentsOf: stamp, encoding: .utf8)
        let isComplete = programs.allSatisfy { FileManager.default.fileExists(atPath: $0.path) }
        if state == nil || state != known || !isComplete {
            do {
                for program in systemPrograms { try swiftBuild(package, sdk, product: program, quiet: true) }
            } catch let error as FwtoolError {
                throw error.cause.contains("no product named")
                    ? FwtoolError(
                        "the package in \(package.folder.path) does not depend on Apus",
                        remedy: "add Apus to the dependencies in its Package.swift")
                    : error
            }
            try state?.write(to: stamp, atomically: true, encoding: .utf8)
        }
        return AppBinaries(
            app: products.appendingPathComponent(package.product), initProgram: programs[0], rootProgram: programs[1],
            command: programs[2])
    }

    /// Make a change of the app's code leave the rest of the file as it was, so that an update fetches little: segments
    /// begin on boundaries of 64 KiB in the file too (zeros between them), and what all code calls stands before the code.
    /// For one more line in the reference app 10 of 301 blocks of 4 KiB change, without this 220 of 274.
    private static func linkerOptions() throws -> [String] {
        ["-z", "separate-loadable-segments", "-T", try Resources.firmware("app.ld").path]
            .flatMap { ["-Xlinker", $0] }
    }

    private static func swiftBuild(
        _ package: AppPackage, _ sdk: InstalledSDK, product: String, quiet: Bool, plansAnew: Bool = false
    ) throws {
        let command = try Command(
            "swift",
            [
                "build", "--package-path", package.folder.path, "--swift-sdk", sdk.name, "-c", "release", "--product",
                product, "-Xswiftc", "-DAPUS_DEVICE",
            ] + linkerOptions() + (plansAnew ? ["--disable-build-manifest-caching"] : []), deadline: 3600)
        let echo: @Sendable (String) -> Void = { FileHandle.standardError.write(Data($0.utf8)) }
        var result = try command.execute(onOutput: quiet ? nil : echo)
        // SwiftPM plans from memory and notices only by failing that a dependency lost a source file; the next run is fine.
        if result.status != 0, (result.output + result.errors).contains("because of missing inputs") {
            result = try command.execute(onOutput: quiet ? nil : echo)
        }
        if result.timedOut {
            throw FwtoolError("swift build did not finish within an hour", remedy: "run it by hand: \(command.line)")
        }
        guard result.status == 0 else {
            let words = (result.output + result.errors).split(separator: "\n")
                .filter { $0.contains(": error: ") }.prefix(3).joined(separator: "; ")
            throw FwtoolError(
                "\(product) does not compile for the device\(words.isEmpty ? "" : ": \(words)")",
                remedy: "correct it; the same without fwtool: \(command.line)")
        }
    }

    /// The contents of everything the system's programs are built from; nil where the Apus package cannot be found.
    private static func systemSources(_ package: AppPackage) -> [String]? {
        // By content, not by name: a package in a folder is known by the folder's name.
        let roots = WorkspaceState(of: package)?.dependencies.map(\.folder) ?? []
        guard
            let root = roots.first(where: {
                FileManager.default.fileExists(atPath: $0.appendingPathComponent("Sources/apus-init").path)
            })
        else { return nil }
        var contents: [String] = []
        let modules = [
            "apus-init", "apus-root", "apus", "Updating", "HTTP", "Bundle", "JSON", "Checksum", "BootState", "Card",
            "Hardware", "Monitoring", "Verity", "Threads", "CGPIOD", "CI2C", "CLinux", "COpenSSL", "CZstd",
        ]
        for folder in modules.map({ "Sources/\($0)" }) {
            guard
                let files = try? FileManager.default.contentsOfDirectory(
                    at: root.appendingPathComponent(folder), includingPropertiesForKeys: nil)
            else { return nil }
            for file in files.sorted(by: { $0.path < $1.path }) {
                guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
                contents.append(text)
            }
        }
        return contents
    }
}

import ArgumentParser
import Bundle
import Foundation

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Cross-compile the app and pack a signed firmware bundle.",
        discussion: """
            Run in an app's package folder. The bundle holds the app, the Swift runtime, kernel and boot files, and
            installs into either slot of a device.

            EXAMPLES
              fwtool build --target rpi4 --key ~/keys/fleet.key
              fwtool build --target virt            # with APUS_KEY=~/keys/fleet.key in the environment
              fwtool image build/WeatherStation-rpi4.apus
            """)

    @Option(help: "The board: a name from fwtool boards, or a profile's path.")
    var target: String

    @Option(help: "The app's package folder.")
    var packagePath = "."

    @Option(name: .shortAndLong, help: "Folder for the bundle. (default: build in the package folder)")
    var output: String?

    @Option(help: "The firmware's version. (default: the one in apus.yaml)")
    var version: String?

    @Option(
        name: .customLong("key"),
        help: "A private key to sign with, as fwtool keys new makes it; repeatable. (default: $APUS_KEY)")
    var keys: [String] = []

    @Option(help: "A file with the passphrase of the keys. (default: $APUS_KEY_PASSPHRASE, or asked for)")
    var passphraseFile: String?

    @Option(
        name: .customLong("trust"),
        help: "A public key whose bundles the device will accept besides those of the signers; repeatable.")
    var trusted: [String] = []

    @Option(name: .customLong("swift-sdk"), help: "A Swift SDK of your own. (default: the one of fwtool sdk install)")
    var swiftSDK: String?

    @Option(help: "The Debian mirror's URL. (default: the one this machine's apt uses)")
    var mirror: String?

    @Flag(help: "Look for newer packages than those fetched before.")
    var refresh = false

    @Flag(help: "Print what was built as JSON.")
    var json = false

    @OptionGroup var options: OutputOptions

    func run() async throws {
        let profile = try BoardCatalog.installed().profile(target)
        let package = try AppPackage(folder: URL(fileURLWithPath: packagePath), version: version)
        let signers = try SigningKeyFile.choose(keys, passphraseFile: passphraseFile)
        let trusted = try PublicKeyFile.read(trusted)
        let toolchain = try SwiftToolchain.onPath()
        let sdk = try InstalledSDK.choose(swiftSDK, toolchain: toolchain)
        let store = try PackageStore(mirror: mirror, progress: options.progress)
        if refresh { store.apt.refresh() }

        let folder = output.map { URL(fileURLWithPath: $0) } ?? package.folder.appendingPathComponent("build")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let bundle = folder.appendingPathComponent("\(package.product)-\(profile.name).apus")
        let manifest = try await FirmwareBuilder(
            profile: profile, package: package, sdk: sdk, toolchain: toolchain, store: store,
            trusted: package.trusted + trusted, output: options
        ).build(to: bundle, signedBy: signers)
        for warning in store.apt.warnings { options.warn(warning) }

        let ids = signers.map(\.verificationKey.id)
        let nickname = Nickname(of: manifest.id).description
        let size = try FileManager.default.attributesOfItem(atPath: bundle.path)[.size] as? Int ?? 0
        if json {
            let record = BuildRecord(
                bundle: bundle.path, product: manifest.product, version: manifest.version, board: manifest.board,
                id: manifest.id, nickname: nickname, bytes: size, signers: ids)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(record), as: UTF8.self))
        } else {
            if let remark = store.apt.networkRemark { options.say(remark) }
            options.say(
                "\(bundle.path): \(manifest.product) \(manifest.version) for \(manifest.board), "
                    + "\(size.formatted()) bytes, id \(manifest.id.prefix(12)) \(nickname), "
                    + "signed by \(ids.joined(separator: ", "))")
        }
    }
}

/// What `--json` prints.
private struct BuildRecord: Encodable {
    var bundle: String
    var product: String
    var version: String
    var board: String
    var id: String
    var nickname: String
    var bytes: Int
    var signers: [String]
}

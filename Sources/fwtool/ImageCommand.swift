import ArgumentParser
import Bundle
import Foundation

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Make an SD card image of a bundle.",
        discussion: """
            The image holds the boot partition, both slots (the first one written), the data partition and the boot
            state. Every chunk of the bundle is verified on the way.

            EXAMPLES
              fwtool image build/WeatherStation-rpi4.apus
              fwtool image app.apus --key fleet.pub --set broker=mqtt://broker.local:1883 -o card.img
            """)

    @Argument(help: "The bundle.")
    var bundle: String

    @Option(name: .shortAndLong, help: "The image. (default: beside the bundle, .img)")
    var output: String?

    @Option(name: .customLong("key"), help: "A public key that must have signed the bundle; repeatable.")
    var keys: [String] = []

    @Option(name: .customLong("set"), help: "A setting for this card, NAME=VALUE; repeatable.")
    var settings: [String] = []

    @OptionGroup var options: OutputOptions

    func validate() throws {
        for setting in settings where setting.wholeMatch(of: #/[A-Za-z0-9._-]+=[^\n]*/#) == nil {
            throw ValidationError("'\(setting)' is no setting; write NAME=VALUE")
        }
    }

    func run() throws {
        let source = URL(fileURLWithPath: bundle)
        let image =
            output.map { URL(fileURLWithPath: $0) }
            ?? source.deletingPathExtension().appendingPathExtension("img")
        let trusted = try keys.map { path in
            do { return try VerificationKey(contentsOfFile: path) } catch {
                throw FwtoolError("the key \(path) cannot be used: \(error)")
            }
        }
        if trusted.isEmpty { options.warn("no --key given: the bundle's signature is not checked") }
        let trust: BundleTrust = trusted.isEmpty ? .unchecked : .keys(trusted)
        let manifest = try BundleReader(path: source.path, trust: trust).manifest
        let profile = try BoardCatalog.installed().profile(manifest.board)
        try CardImage(profile: profile, settings: settings, progress: options.progress)
            .write(source, trust: trust, to: image)
        options.say(
            "\(image.path): card image for \(profile.title), \(manifest.product) \(manifest.version) "
                + "\(Nickname(of: manifest.id)), ready to write to an SD card")
    }
}

import ArgumentParser
import Bundle
import Foundation

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Make an SD card image of a bundle.",
        discussion: """
            The image holds the boot partition, both slots (the first one written), the data partition and the boot
            state. Every chunk of the bundle is verified on the way. fwtool burn writes the same to a card.

            EXAMPLES
              fwtool image build/WeatherStation-rpi4.apus
              fwtool image app.apus --key fleet.pub --set broker=mqtt://broker.example:1883 -o card.img
            """)

    @Argument(help: "The bundle.", completion: .file(extensions: ["apus"]))
    var bundle: String

    @OptionGroup var card: CardOptions

    @Option(name: .shortAndLong, help: "The image. (default: beside the bundle, .img)")
    var output: String?

    @OptionGroup var options: OutputOptions

    func run() throws {
        let source = URL(fileURLWithPath: bundle)
        let image =
            output.map { URL(fileURLWithPath: $0) }
            ?? source.deletingPathExtension().appendingPathExtension("img")
        try Self.write(image, of: source, card, options)
    }

    static func write(_ image: URL, of bundle: URL, _ card: CardOptions, _ options: OutputOptions) throws {
        let trust = try card.trust(options)
        let manifest = try CardOptions.manifest(of: bundle, trust: trust)
        let profile = try BoardCatalog.installed().profile(manifest.board)
        try CardImage(
            profile: profile, provisioning: card.provisioning, options: card.options(of: profile),
            progress: options.progress
        )
        .write(bundle, trust: trust, to: image)
        options.say(
            "\(image.path): card image for \(profile.title), \(manifest.product) \(manifest.version) "
                + "\(Nickname(of: manifest.id)), ready to write to an SD card")
    }
}

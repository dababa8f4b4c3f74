import ArgumentParser
internal import Bundle
internal import JSON

extension BundleCommand {
    struct Sign: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add signatures to a bundle, or replace them.",
            discussion: """
                The bundle stays what it is, its id included; only its signatures change. To move a fleet to a new key: \
                build with --key old.key --key new.key, or sign with the new key here, until every device runs a \
                firmware that trusts it (fwtool build --trust new.pub), then with the new key alone.

                EXAMPLES
                  fwtool bundle sign build/WeatherStation-rpi4.apus --key release.key
                  fwtool bundle sign build/WeatherStation-rpi4.apus --key release.key --replace
                """)

        @Argument(help: "The bundle; it is replaced by the signed one.", completion: .file(extensions: ["apus"]))
        var file: String

        @Option(
            name: .customLong("key"), help: "A private key; repeatable. (default: $APUS_KEY)",
            completion: .file(extensions: ["key"]))
        var keys: [String] = []

        @Option(help: "A file with the passphrase of the keys. (default: $APUS_KEY_PASSPHRASE, or asked for)")
        var passphraseFile: String?

        @Flag(help: "Drop the signatures of all other keys.")
        var replace = false

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let signers = try SigningKeyFile.choose(keys, passphraseFile: passphraseFile)
            let ids: [String]
            do {
                ids = try BundleSigner.sign(file, with: signers, keepOthers: !replace)
            } catch let error as BundleError {
                throw FwtoolError(error, path: file)
            }
            if json {
                let result: JSON = ["file": .string(file), "signers": .array(ids.map { .string($0) })]
                print(try result.text(.pretty))
            } else {
                print("\(file): signed by \(ids.joined(separator: ", "))")
            }
        }
    }
}

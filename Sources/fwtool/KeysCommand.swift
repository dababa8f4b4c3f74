import ArgumentParser
internal import Bundle
import Foundation
internal import JSON

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make the keys that sign bundles.", subcommands: [New.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an Ed25519 key pair: NAME.key signs, NAME.pub verifies.",
            discussion: """
                The private key is readable by its owner only: keep it off shared machines and out of version control. \
                With --encrypted it needs a passphrase each time it signs, which is asked for, or taken from \
                --passphrase-file or APUS_KEY_PASSPHRASE. Existing files are never overwritten, for a lost key cannot be replaced on \
                devices in the field. The files are PKCS #8 and SubjectPublicKeyInfo in PEM format, as openssl pkey \
                reads them.

                EXAMPLES
                  fwtool keys new
                  fwtool keys new release --directory ~/keys --encrypted
                """)

        @Argument(help: "Name of the two files.")
        var name = "signing"

        @Option(help: "The folder for the files.")
        var directory = "."

        @Flag(help: "Protect the private key by a passphrase.")
        var encrypted = false

        @Option(help: "A file whose first line is the passphrase.")
        var passphraseFile: String?

        @Flag(help: "Print JSON.")
        var json = false

        func validate() throws {
            guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
                throw ValidationError("'\(name)' is no file name; to choose a folder use --directory")
            }
            guard encrypted || passphraseFile == nil else {
                throw ValidationError("--passphrase-file is for keys made with --encrypted")
            }
        }

        func run() throws {
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue
            else { throw FwtoolError("there is no folder \(directory)", remedy: "create it: mkdir -p \(directory)") }
            let base = directory == "." ? name : "\(directory)/\(name)"
            let (privatePath, publicPath) = ("\(base).key", "\(base).pub")
            let passphrase =
                encrypted ? try Passphrase.read(for: privatePath, file: passphraseFile, isNew: true) : nil
            let key = SigningKey()
            do {
                try key.write(toNewFile: privatePath, passphrase: passphrase)
                do {
                    try key.verificationKey.write(toNewFile: publicPath)
                } catch {
                    unlink(privatePath)
                    throw error
                }
            } catch let error as KeyError {
                throw FwtoolError(error)
            }

            let id = key.verificationKey.id
            if json {
                let result: JSON = [
                    "id": .string(id), "privateKey": .string(privatePath), "publicKey": .string(publicPath),
                ]
                print(try result.text(.pretty))
            } else {
                print(
                    """
                    key \(id)
                      \(privatePath)  private: signs bundles, never leaves your hands
                      \(publicPath)  public: goes to devices and to fwtool bundle verify
                    """)
            }
        }
    }
}

extension FwtoolError {
    /// - Parameter path: the file it is about, where the error does not name it.
    init(_ error: KeyError, path: String? = nil) {
        var cause = error.fact
        if case .file = error {} else if let path { cause = "\(path): \(cause)" }
        self.init(cause, remedy: error.remedy)
    }
}

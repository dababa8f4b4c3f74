import ArgumentParser
internal import Bundle
import Foundation
internal import JSON

struct BundleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle", abstract: "Look into bundles, compare, verify and sign them.",
        subcommands: [Inspect.self, Verify.self, Diff.self, Sign.self])

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a bundle contains.",
            discussion: """
                Reads what stands before the payloads. Without --key it tells who claims to have signed the bundle, \
                not whether that is true.

                EXAMPLES
                  fwtool bundle inspect build/WeatherStation-rpi4.apus
                  fwtool bundle inspect build/WeatherStation-rpi4.apus --key signing.pub --json
                """)

        @Argument(help: "The bundle.", completion: .file(extensions: ["apus"]))
        var file: String

        @Option(
            name: .customLong("key"), help: "A public key to check the signature with; repeatable.",
            completion: .file(extensions: ["pub"]))
        var keys: [String] = []

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let bundle = try BundleCommand.open(file, keys: keys)
            let bill = try BundleCommand.billOfMaterials(of: bundle, path: file)
            let nickname = Nickname(of: bundle.manifest.id).description
            if json {
                let result: JSON = [
                    "file": .string(file), "size": .integer(Int64(bundle.head.bundleSize)),
                    "signers": .array(bundle.head.claimedSigners.map { .string($0) }),
                    "verifiedSigners": .array(bundle.head.verifiedSigners.map { .string($0) }),
                    "signatureChecked": .bool(!keys.isEmpty), "nickname": .string(nickname),
                    "headSize": .integer(Int64(bundle.head.size)),
                    "chunks": .integer(Int64(bundle.head.chunks.count)), "manifest": bundle.manifest.json,
                    "sbom": bill?.json ?? nil,
                ]
                print(try result.text(.pretty))
                return
            }
            let manifest = bundle.manifest
            print("product   \(manifest.product)")
            print("version   \(manifest.version)")
            print("board     \(manifest.board)")
            print("id        \(manifest.id)")
            print("nickname  \(nickname)")
            print(
                "size      \(readable(bundle.head.bundleSize)), \(readable(bundle.head.size)) of it head, "
                    + "\(bundle.head.chunks.count) chunks")
            if let version = manifest.minimum.version { print("minimum   version \(version)") }
            if let number = manifest.minimum.bootInterface { print("minimum   boot interface \(number)") }
            if keys.isEmpty {
                print(
                    "signers   \(bundle.head.claimedSigners.joined(separator: ", ")): signature not checked; check with --key"
                )
            } else {
                print("signers   \(bundle.head.verifiedSigners.joined(separator: ", ")): signature checked")
            }
            print("payloads")
            let width = manifest.payloads.map(\.name.count).max() ?? 0
            for (index, payload) in manifest.payloads.enumerated() {
                let name = payload.name.padding(toLength: width, withPad: " ", startingAt: 0)
                let stored = bundle.head.chunks.of(payload: index).reduce(0) { $0 + $1.storedSize }
                print("  \(name)  \(readable(payload.size)), \(readable(stored)) in the bundle")
            }
            if let bill {
                print("packages")
                for package in bill.packages { print("  \(package.name)  \(package.version)") }
            }
            if !manifest.metadata.isEmpty { print("metadata") }
            for (name, value) in manifest.metadata.sorted(by: { $0.key < $1.key }) { print("  \(name)  \(value)") }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a bundle's signature and every chunk of it.",
            discussion: """
                One of the keys must have signed the bundle. Exit code 0 means that a device that trusts the key gets \
                exactly what was signed.

                EXAMPLE
                  fwtool bundle verify build/WeatherStation-rpi4.apus --key signing.pub
                """)

        @Argument(help: "The bundle.", completion: .file(extensions: ["apus"]))
        var file: String

        @Option(
            name: .customLong("key"), help: "A trusted public key; repeatable.", completion: .file(extensions: ["pub"]))
        var keys: [String]

        @Flag(help: "Print JSON.")
        var json = false

        @OptionGroup var output: OutputOptions

        func run() throws {
            let bundle = try BundleCommand.open(file, keys: keys)
            let manifest = bundle.manifest
            let nickname = Nickname(of: manifest.id).description
            let signers = bundle.head.verifiedSigners
            let progress = Progress("Verifying \(file)", quiet: output.quiet)
            defer { progress.finish() }
            progress.setTotal(manifest.payloads.reduce(0) { $0 + Int64($1.size) }, unit: .bytes)
            var verified: Int64 = 0
            do {
                try bundle.readPayloads { piece in
                    verified += Int64(piece.content.count)
                    progress.update(verified)
                }
            } catch let error as BundleError {
                throw FwtoolError(error, path: file)
            }
            progress.finish()
            if json {
                let result: JSON = [
                    "file": .string(file), "id": .string(manifest.id), "nickname": .string(nickname),
                    "board": .string(manifest.board),
                    "product": .string(manifest.product), "version": .string(manifest.version),
                    "verifiedSigners": .array(signers.map { .string($0) }),
                ]
                print(try result.text(.pretty))
            } else {
                let chunks = manifest.payloads.reduce(0) { $0 + $1.chunkCount }
                print(
                    "\(manifest.product) \(manifest.version) for \(manifest.board), \(nickname): signed by "
                        + "\(signers.joined(separator: ", ")), all \(chunks) chunks sound")
            }
        }
    }
}

extension BundleCommand {
    /// Opens a bundle that one of the keys in these files signed; without keys, one that anybody signed.
    static func open(_ file: String, keys paths: [String] = []) throws -> BundleReader {
        let keys = try PublicKeyFile.read(paths)
        do throws(BundleError) {
            return try BundleReader(path: file, trust: paths.isEmpty ? .unchecked : .keys(keys))
        } catch {
            throw FwtoolError(error, path: file)
        }
    }

    /// What a bundle's bill of materials says; nil for a bundle without one.
    static func billOfMaterials(of bundle: borrowing BundleReader, path: String) throws -> SPDXDocument? {
        guard let payload = bundle.head.payload(named: Manifest.sbomName) else { return nil }
        do throws(BundleError) {
            // About 1 KB a package: ours have thirty.
            return SPDXDocument(try bundle.content(ofPayload: payload, maximumSize: 16 << 20))
        } catch {
            throw FwtoolError(error, path: path)
        }
    }
}

func readable(_ bytes: Int) -> String {
    bytes < 1_000_000 ? "\(bytes) bytes" : String(format: "%.1f MB", Double(bytes) / 1e6)
}

extension FwtoolError {
    /// - Parameter path: the bundle it is about.
    init(_ error: BundleError, path: String) {
        if case .file = error {
            self.init(error.fact, remedy: error.remedy)
        } else {
            self.init("\(path): \(error.fact)", remedy: error.remedy)
        }
    }
}

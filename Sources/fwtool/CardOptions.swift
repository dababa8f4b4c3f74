import ArgumentParser
import BootState
import Bundle
import Foundation

/// What `fwtool image` and `fwtool burn` make a card of.
struct CardOptions: ParsableArguments {
    @Option(
        name: .customLong("key"), help: "A public key that must have signed the bundle; repeatable.",
        completion: .file(extensions: ["pub"]))
    var keys: [String] = []

    @Option(
        name: .customLong("set"),
        help: "A setting for this card alone, NAME=VALUE; repeatable. It survives updates and factory resets.")
    var settings: [String] = []

    @Option(
        name: .customLong("with"),
        help: "What the board can have besides, such as spi0, by its profile (fwtool boards NAME); repeatable.")
    var boardOptions: [String] = []

    @Option(help: "The device's serial number: its name towards broker and fleet, unless 'device' is set.")
    var serial: String?

    func validate() throws {
        for setting in settings where !setting.contains("=") {
            throw ValidationError("'\(setting)' is no setting; write NAME=VALUE")
        }
        do { _ = try provisioning } catch { throw ValidationError("\(error)") }
    }

    var provisioning: Provisioning {
        get throws {
            var values: [String: String] = [:]
            for setting in settings {
                let words = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                values[String(words[0])] = String(words[1])
            }
            if let serial { values[Provisioning.serialKey] = serial }
            let provisioning = try Provisioning(values)
            _ = try provisioning.encoded()
            return provisioning
        }
    }

    /// - Throws: `FwtoolError` for one the board does not have.
    func options(of profile: BoardProfile) throws -> [BoardProfile.Option] {
        try boardOptions.map { name in
            if let option = profile.options.first(where: { $0.name == name }) { return option }
            let known = profile.options.map(\.name)
            throw FwtoolError(
                "the board \(profile.name) has no option '\(name)'",
                remedy: known.isEmpty ? "leave --with out" : "its options: \(known.joined(separator: ", "))")
        }
    }

    /// Which signers are trusted; a remark when none is named.
    func trust(_ output: OutputOptions) throws -> BundleTrust {
        let trusted = try PublicKeyFile.read(keys)
        if trusted.isEmpty { output.warn("no --key given: the bundle's signature is not checked") }
        return trusted.isEmpty ? .unchecked : .keys(trusted)
    }

    /// - Throws: `FwtoolError` when the bundle cannot be read or nobody trusted has signed it.
    static func manifest(of bundle: URL, trust: BundleTrust) throws -> Manifest {
        do { return try BundleReader(path: bundle.path, trust: trust).manifest } catch {
            throw FwtoolError(error, path: bundle.path)
        }
    }
}

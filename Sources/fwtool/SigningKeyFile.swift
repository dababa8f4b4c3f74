import Bundle
import Foundation

/// The private keys that sign, from files.
enum SigningKeyFile {
    /// - Parameters:
    ///   - given: paths of the command line; `$APUS_KEY` where there are none.
    ///   - passphraseFile: for those of them that are encrypted.
    static func choose(_ given: [String], passphraseFile: String?) throws -> [SigningKey] {
        let fallback = ProcessInfo.processInfo.environment["APUS_KEY"] ?? ""
        let paths = given.isEmpty && !fallback.isEmpty ? [fallback] : given
        guard !paths.isEmpty else {
            throw FwtoolError(
                "no key to sign with is named",
                remedy: "make one with fwtool keys new and name it with --key or APUS_KEY")
        }
        return try paths.map { try read($0, passphraseFile: passphraseFile) }
    }

    private static func read(_ path: String, passphraseFile: String?) throws -> SigningKey {
        func read(passphrase: [UInt8]?) throws -> SigningKey? {
            do throws(KeyError) {
                return try SigningKey(contentsOfFile: path, passphrase: passphrase)
            } catch .encrypted {
                return nil
            } catch {
                throw FwtoolError("the key \(path) cannot be used: \(error.fact)", remedy: error.remedy)
            }
        }
        if let key = try read(passphrase: nil) { return key }
        guard let key = try read(passphrase: try Passphrase.read(for: path, file: passphraseFile)) else {
            throw FwtoolError("the key \(path) was replaced while it was read", remedy: "run the command again")
        }
        return key
    }
}

import Foundation

/// SHA-256 of data and files, in hexadecimal.
enum Hash {
    static func hex(of data: Data) -> String {
        (try? Command("sha256sum", []).run(input: data).prefix(64)).map(String.init) ?? ""
    }

    static func hex(ofFile file: URL) throws -> String {
        String(try Command("sha256sum", [file.path]).run().prefix(64))
    }
}

import Bundle
import Foundation

/// SHA-256 of data and files, in hexadecimal.
enum Hash {
    static func hex(of data: Data) -> String { SHA256.digest(of: [UInt8](data)).description }

    static func hex(ofFile file: URL) throws -> String {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        var hash = SHA256()
        // By the mebibyte: packages have up to half a gigabyte.
        while let part = try handle.read(upToCount: 1 << 20), !part.isEmpty { hash.update([UInt8](part)) }
        return hash.finalize().description
    }
}

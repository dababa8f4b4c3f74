import Glibc
import Testing

@testable import Bundle

/// Reads bundles that are bytes in a test, from a file or pipe without a name.
enum UnnamedFile {
    /// Reads all payloads of a bundle given as bytes, as from a regular file.
    static func read(_ bytes: [UInt8], trust: BundleTrust) throws -> [String: [UInt8]] {
        let stream = try #require(tmpfile())
        let descriptor = dup(fileno(stream))
        fclose(stream)
        try #require(descriptor >= 0)
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
        try #require(lseek(descriptor, 0, SEEK_SET) == 0)
        return try payloads(of: BundleReader(takingOver: descriptor, trust: trust))
    }

    /// Reads all payloads of a bundle of at most 64 KiB, what a pipe holds, as from a pipe.
    static func readThroughPipe(_ bytes: [UInt8], trust: BundleTrust) throws -> [String: [UInt8]] {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let written = write(ends[1], bytes, bytes.count)
        close(ends[1])
        try #require(written == bytes.count)
        return try payloads(of: BundleReader(takingOver: ends[0], trust: trust))
    }

    static func payloads(of reader: consuming BundleReader) throws -> [String: [UInt8]] {
        var contents = Dictionary(uniqueKeysWithValues: reader.manifest.payloads.map { ($0.name, [UInt8]()) })
        try reader.readPayloads { piece in
            #expect(contents[piece.payload.name]?.count == piece.offset)
            contents[piece.payload.name]? += piece.content
        }
        return contents
    }
}

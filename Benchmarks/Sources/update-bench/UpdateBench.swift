import Bundle
import Foundation

// update-bench create BUNDLE KEY OUTPUT SLOT: makes a bundle of nothing but the slot image of another one, in the same
// chunks, and writes that image to a file too, for the peer. Prints the processor seconds of creating and signing.
@main
enum UpdateBench {
    static func main() async throws {
        let words = CommandLine.arguments
        guard words.count == 6, words[1] == "create" else {
            FileHandle.standardError.write(Data("usage: update-bench create BUNDLE KEY OUTPUT SLOT\n".utf8))
            exit(2)
        }
        let reader = try BundleReader(path: words[2], trust: .unchecked)
        let manifest = reader.manifest
        guard let payload = reader.head.payload(named: Manifest.slotName) else {
            FileHandle.standardError.write(Data("\(words[2]) has no slot image\n".utf8))
            exit(1)
        }
        let parts = parts(reader.head.chunks.of(payload: payload))
        var content: [UInt8] = []
        try reader.readPayloads { piece in
            if piece.payload.name == Manifest.slotName { content += piece.content }
        }
        try Data(content).write(to: URL(fileURLWithPath: words[5]))
        let key = try SigningKey(contentsOfFile: words[3])
        let writer = BundleWriter(
            product: manifest.product, version: manifest.version, board: manifest.board, metadata: manifest.metadata)

        let before = cpuSeconds()
        try await writer.write(
            [.init(name: Manifest.slotName, content: .file(path: words[5]), parts: parts)], signedBy: [key],
            to: words[4])
        print(cpuSeconds() - before)
    }

    /// Runs of chunks of one size; the last of each may be shorter.
    private static func parts(_ chunks: ArraySlice<Chunk>) -> [BundleWriter.Part] {
        var parts: [BundleWriter.Part] = []
        var chunkSize = 0
        var size = 0
        for chunk in chunks {
            if chunk.size > chunkSize, size > 0 {
                parts.append(.init(size: size, chunkSize: chunkSize))
                (chunkSize, size) = (0, 0)
            }
            chunkSize = max(chunkSize, chunk.size)
            size += chunk.size
        }
        if size > 0 { parts.append(.init(size: size, chunkSize: chunkSize)) }
        return parts
    }

    /// User and system time of this process (getrusage(2)).
    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }
}

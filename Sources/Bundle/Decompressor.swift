internal import CZstd

/// Zstandard decompression (RFC 8878) of a chunk.
enum Decompressor {
    /// The content of a frame, or nil unless it decompresses to exactly `size` bytes. Never takes more memory than
    /// `size` and libzstd's fixed tables, whatever the frame claims.
    static func decompress(_ bytes: [UInt8], size: Int) -> [UInt8]? {
        let content = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let result = ZSTD_decompress(buffer.baseAddress, size, bytes, bytes.count)
            count = ZSTD_isError(result) == 0 ? result : 0
        }
        return content.count == size ? content : nil
    }
}

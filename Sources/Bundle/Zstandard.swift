import CZstd

/// Zstandard compression (RFC 8878) of one chunk.
enum Zstandard {
    /// 19 is the highest level whose decompression needs no unusual amount of memory and which does not take minutes:
    /// the bundle is made once and crosses mobile networks many times.
    static let level: Int32 = 19

    /// One frame with the content's size in it, or nil unless that is smaller than the content. The same bytes and the
    /// same libzstd give the same result.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        let frame = [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { buffer, count in
            let result = ZSTD_compress(buffer.baseAddress, buffer.count, bytes, bytes.count, level)
            // Fails only when memory is exhausted: the buffer has the size that libzstd asks for.
            precondition(ZSTD_isError(result) == 0, "libzstd cannot compress")
            count = result
        }
        return frame.count < bytes.count ? frame : nil
    }

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

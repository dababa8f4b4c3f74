internal import CZstd

/// Zstandard compression (RFC 8878) of chunks, with memory that all of them use. For one task at a time.
struct Compressor: ~Copyable {
    /// Measured on the root image of the reference app (2.5 MB) in chunks of 8 KiB: level 6 takes 0.03 s for 908 KB, 12
    /// 0.14 s for 847 KB, 15 0.22 s for 839 KB, 19 0.43 s for 836 KB. Whatever lies above 15 costs much for nothing.
    private static let level: Int32 = 15

    /// For content of more than ``smallSize``: a Pi's start4.elf takes 1.322 MB at level 15, 1.228 MB at 18, 1.228 MB at
    /// 22, and 18 costs 0.2 s more.
    private static let largeLevel: Int32 = 18

    /// Bytes up to which libzstd has tables of its own for small content, where levels hardly differ.
    private static let smallSize = 128 << 10

    /// Finds out what does not compress, in 1/100 of the time of ``level``: kernel and initramfs, most of a bundle, are
    /// compressed already.
    private static let trialLevel: Int32 = 1

    /// A chunk that the trial makes smaller by less than this fraction is stored as it is: the better level would gain
    /// little more, and each device would pay for unpacking it.
    private static let leastGain = 32

    private let context: OpaquePointer

    init() {
        // Fails only when memory is exhausted, where Swift's own allocations trap as well.
        guard let context = ZSTD_createCCtx() else { fatalError("no memory for libzstd") }
        self.context = context
    }

    deinit {
        ZSTD_freeCCtx(context)
    }

    /// One frame with the content's size in it, or nil if that is hardly smaller than the content. The same bytes and
    /// the same libzstd give the same result.
    func compress(_ bytes: [UInt8]) -> [UInt8]? {
        let trial = frame(bytes, level: Self.trialLevel)
        guard trial.count < bytes.count - bytes.count / Self.leastGain else { return nil }
        let frame = frame(bytes, level: bytes.count > Self.smallSize ? Self.largeLevel : Self.level)
        return frame.count < trial.count ? frame : trial
    }

    private func frame(_ bytes: [UInt8], level: Int32) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { buffer, count in
            let result = ZSTD_compressCCtx(context, buffer.baseAddress, buffer.count, bytes, bytes.count, level)
            // Fails only when memory is exhausted: the buffer has the size that libzstd asks for.
            precondition(ZSTD_isError(result) == 0, "libzstd cannot compress")
            count = result
        }
    }
}

import Foundation

/// The kernel as U-Boot loads it: a legacy image whose checksums `bootm` verifies.
///
/// LZMA, because U-Boot of Debian has no zstd (it says "Unimplemented compression type") and gzip is 40 % larger:
/// 9.6 MB against 13.6 MB for 6.12. It costs about three seconds of decompression in emulation, half a second with gzip.
enum KernelImage {
    /// - Parameter base: where the board's memory starts.
    static func file(_ kernel: PackageStore.Unpacked, base: Int) throws -> URL {
        // The arm64 boot protocol wants a 2 MiB aligned place (Documentation/arch/arm64/booting.rst).
        let address = "0x" + String(base + 0x20_0000, radix: 16)
        let image = try kernel.file("boot/vmlinuz-*")
        let packed = try ArtifactCache.file("kernel.lzma", inputs: ["2", image.path]) { file in
            // Instructions are words of 4 bytes: to tell by position within them what follows saves 100 KB.
            let script = "xz --format=lzma --lzma1=preset=9,lc=2,lp=2,pb=2 -c \"$0\" > \"$1\""
            try Command("bash", ["-c", script, image.path, file.path], deadline: 900).run()
        }
        return try ArtifactCache.file("kernel.uimage", inputs: ["2", image.path, address]) { file in
            try UImage.write(
                packed, to: file, type: "kernel", compression: "lzma", address: address,
                name: "Linux \(image.lastPathComponent.dropFirst("vmlinuz-".count))")
        }
    }
}

/// Wraps a file into a legacy U-Boot image.
enum UImage {
    static func write(
        _ content: URL, to file: URL, type: String, compression: String, address: String, name: String
    ) throws {
        // The image's time stamp is fixed: same input, same bytes.
        try Command(
            "mkimage",
            [
                "-A", "arm64", "-O", "linux", "-T", type, "-C", compression, "-a", address, "-e", address, "-n",
                String(name.prefix(32)), "-d", content.path, file.path,
            ], environment: ["SOURCE_DATE_EPOCH": "0"]
        ).run()
    }
}

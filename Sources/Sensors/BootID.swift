/// The identity the kernel gives each boot (random(4), /proc/sys/kernel/random/boot_id).
package enum BootID {
    /// 36 characters, the same for every process until the next boot.
    package static let current = read() ?? random()

    private static func read() -> String? {
        guard let bytes = try? SmallFile.read("/proc/sys/kernel/random/boot_id", limit: 64) else { return nil }
        let id = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return id.isEmpty ? nil : id
    }

    /// Without /proc: unlike any other, so that no two readings seem to be one.
    private static func random() -> String {
        String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
    }
}

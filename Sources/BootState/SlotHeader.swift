/// The first sector of a slot: where in the slot the boot script finds what it loads.
///
/// A slot holds the root image (erofs, which leaves its first 1024 bytes free: Linux, fs/erofs/erofs_fs.h,
/// `EROFS_SUPER_OFFSET`), the hash tree that proves it (dm-verity), the ``VerityBlock`` with the tree's root hash, then
/// kernel and initramfs as legacy U-Boot images. The header lies in the root image's free bytes, so that it mounts at the
/// start of the partition; the tree covers the header, too, which is why the root hash cannot be in it. All numbers are
/// sectors of 512 bytes.
///
/// | name           | value (hexadecimal) |
/// | -------------- | ------------------- |
/// | `sl_root_n`    | sectors of the root image, from the start of the slot |
/// | `sl_hash`      | first sector of the hash tree |
/// | `sl_verity`    | sector of the ``VerityBlock`` |
/// | `sl_kernel`    | first sector of the kernel, from the start of the slot |
/// | `sl_kernel_n`  | sectors of the kernel |
/// | `sl_ramdisk`   | first sector of the initramfs |
/// | `sl_ramdisk_n` | sectors of the initramfs |
public struct SlotHeader: Sendable, Equatable {
    public static let blockSize = UBootEnvironment.blockSize

    /// Sectors of the root image, which begins with the slot.
    public var root: UInt32
    public var hashTree: UInt32
    public var verity: UInt32
    public var kernel: Range<UInt32>
    public var ramdisk: Range<UInt32>

    public init(root: UInt32, hashTree: UInt32, verity: UInt32, kernel: Range<UInt32>, ramdisk: Range<UInt32>) {
        self.root = root
        self.hashTree = hashTree
        self.verity = verity
        self.kernel = kernel
        self.ramdisk = ramdisk
    }

    /// - Parameter block: the first ``blockSize`` bytes of a slot, from an untrusted card.
    public init(decoding block: [UInt8]) throws(BootStateError) {
        let variables = try UBootEnvironment.decode(block)
        func number(_ name: String) throws(BootStateError) -> UInt32 {
            guard let text = variables[name] else { throw .missingVariable(name) }
            guard let value = UBootEnvironment.hexadecimal(text, maximumDigits: 8) else {
                throw .invalidValue(variable: name, value: text)
            }
            return value
        }
        func range(_ name: String) throws(BootStateError) -> Range<UInt32> {
            let start = try number(name)
            let (end, overflow) = start.addingReportingOverflow(try number("\(name)_n"))
            guard !overflow else { throw .invalidValue(variable: name, value: variables[name] ?? "") }
            return start..<end
        }
        root = try number("sl_root_n")
        hashTree = try number("sl_hash")
        verity = try number("sl_verity")
        kernel = try range("sl_kernel")
        ramdisk = try range("sl_ramdisk")
    }

    public func encoded() throws(BootStateError) -> [UInt8] {
        try UBootEnvironment.encode(
            [
                "sl_root_n": root, "sl_hash": hashTree, "sl_verity": verity,
                "sl_kernel": kernel.lowerBound, "sl_kernel_n": UInt32(kernel.count),
                "sl_ramdisk": ramdisk.lowerBound, "sl_ramdisk_n": UInt32(ramdisk.count),
            ].mapValues { String($0, radix: 16) })
    }
}

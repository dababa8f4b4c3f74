/// The first sector of a slot: where in the slot the boot script finds kernel and initramfs.
///
/// A slot holds the root image (erofs, which leaves its first 1024 bytes free: Linux, fs/erofs/erofs_fs.h,
/// `EROFS_SUPER_OFFSET`), then kernel and initramfs as legacy U-Boot images. The header lies in those free bytes, so the
/// root image mounts at the start of the partition. All numbers are sectors of 512 bytes.
///
/// | name           | value (hexadecimal) |
/// | -------------- | ------------------- |
/// | `sl_kernel`    | first sector of the kernel, from the start of the slot |
/// | `sl_kernel_n`  | sectors of the kernel |
/// | `sl_ramdisk`   | first sector of the initramfs |
/// | `sl_ramdisk_n` | sectors of the initramfs |
public struct SlotHeader: Sendable, Equatable {
    public static let blockSize = UBootEnvironment.blockSize

    public var kernel: Range<UInt32>
    public var ramdisk: Range<UInt32>

    public init(kernel: Range<UInt32>, ramdisk: Range<UInt32>) {
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
        kernel = try range("sl_kernel")
        ramdisk = try range("sl_ramdisk")
    }

    public func encoded() throws(BootStateError) -> [UInt8] {
        try UBootEnvironment.encode([
            "sl_kernel": String(kernel.lowerBound, radix: 16), "sl_kernel_n": String(kernel.count, radix: 16),
            "sl_ramdisk": String(ramdisk.lowerBound, radix: 16), "sl_ramdisk_n": String(ramdisk.count, radix: 16),
        ])
    }
}

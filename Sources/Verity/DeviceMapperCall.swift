internal import CLinux
internal import Glibc

/// One call of the device mapper (linux/dm-ioctl.h): a header that names the device, and room for one target behind it.
struct DeviceMapperCall {
    /// More than a table line or a status needs.
    private static let capacity = 2048
    private static let headerSize = MemoryLayout<dm_ioctl>.size
    private static let targetSize = MemoryLayout<dm_target_spec>.size

    private var header = dm_ioctl()
    private var target = dm_target_spec()
    private var parameters: [UInt8] = []
    private(set) var status: UInt8?

    init() {
        header.version = (UInt32(DM_VERSION_MAJOR), 0, 0)
        header.data_size = UInt32(Self.capacity)
        header.data_start = UInt32(Self.headerSize)
        copy(VerityDevice.name, to: &header.name)
    }

    var deviceNumber: UInt64 { header.dev }

    mutating func setTable(sectors: UInt64, type: String, parameters: String) {
        header.target_count = 1
        // DM_READONLY_FLAG, bit 0.
        header.flags |= 1
        target.length = sectors
        copy(type, to: &target.target_type)
        self.parameters = Array(parameters.utf8)
    }

    /// False with errno set when the kernel refuses.
    mutating func perform(_ request: UInt, _ control: Int32) -> Bool {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.capacity, alignment: 8)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        buffer.storeBytes(of: header, as: dm_ioctl.self)
        if header.target_count > 0 {
            buffer.storeBytes(of: target, toByteOffset: Self.headerSize, as: dm_target_spec.self)
            let text = UnsafeMutableRawBufferPointer(
                rebasing: buffer[(Self.headerSize + Self.targetSize)...].dropLast())
            text.copyBytes(from: parameters.prefix(text.count))
        }
        guard linux_ioctl(control, request, buffer.baseAddress) == 0 else { return false }
        header = buffer.load(as: dm_ioctl.self)
        let start = Int(header.data_start) + Self.targetSize
        status = header.target_count > 0 && start < buffer.count ? buffer[start] : nil
        return true
    }

    /// Writes a text into a C array of characters, at most all but its last byte.
    private func copy<T>(_ text: String, to array: inout T) {
        withUnsafeMutableBytes(of: &array) { bytes in
            let room = UnsafeMutableRawBufferPointer(rebasing: bytes.dropLast())
            room.copyBytes(from: text.utf8.prefix(room.count))
        }
    }
}

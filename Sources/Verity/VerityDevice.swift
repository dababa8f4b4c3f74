internal import CLinux
internal import Glibc

/// The mapped device through which the root is mounted: each block is proved as it is read (dm-verity).
public enum VerityDevice {
    /// Its name for the device mapper.
    static let name = "apus-root"

    /// Makes the device.
    ///
    /// - Parameter device: the slot's partition, as a path.
    /// - Returns: the device's path, such as /dev/dm-0.
    /// - Throws: ``VerityError`` naming the step that failed.
    public static func create(_ table: VerityTable, on device: String) throws(VerityError) -> String {
        let control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC)
        guard control >= 0 else { throw VerityError("open the device mapper") }
        defer { close(control) }

        var call = DeviceMapperCall()
        guard call.perform(linux_dm_create, control) else { throw VerityError("make a mapped device") }
        // Huge encoding of device numbers: minor 0-7 and 20 up, major from 8.
        let number = call.deviceNumber
        let minor = number & 0xff | (number >> 12) & ~UInt64(0xff)

        call = DeviceMapperCall()
        call.setTable(sectors: table.sectors, type: "verity", parameters: table.parameters(device: device))
        guard call.perform(linux_dm_load, control) else { throw VerityError("load the verity table") }

        // Without the suspend flag it resumes.
        call = DeviceMapperCall()
        guard call.perform(linux_dm_suspend, control) else { throw VerityError("start the mapped device") }
        return "/dev/dm-\(minor)"
    }

    /// Whether a block was read that is not what was built; nil where there is no such device.
    public static func isCorrupt() -> Bool? {
        let control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC)
        guard control >= 0 else { return nil }
        defer { close(control) }
        var call = DeviceMapperCall()
        guard call.perform(linux_dm_status, control), let status = call.status else { return nil }
        // 'V' for valid, 'C' for corruption found.
        return status == UInt8(ascii: "C")
    }
}

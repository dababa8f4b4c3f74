/// How QEMU plays a board: from U-Boot on, because it runs no board's own firmware.
struct BoardEmulation: Sendable, Equatable {
    /// `-machine`.
    var machine: String
    /// `-cpu`; nil for the machine's own.
    var cpu: String?
    /// `-smp`.
    var cpus: Int
    /// `-m`, in MiB.
    var memory: Int
    /// `-accel`.
    var accelerator: String
    var bootloader: Bootloader
    /// nil where QEMU generates the tree itself.
    var deviceTree: DeviceTree?
    /// Which `-serial`, from 0, is the console.
    var consoleSerial: Int
    /// QEMU device behind the user network; nil for a board without one.
    var network: String?
    /// Further `-device` values.
    var devices: [String]
    /// Seconds from power-on to the app's first reading, on a slow and loaded machine, before waiting makes no sense.
    var deadline: Int

    /// The U-Boot on the card's FAT partition and the QEMU option that starts it.
    struct Bootloader: Sendable, Equatable {
        var file: String
        var loadAs: Option

        enum Option: String, Sendable, CaseIterable {
            case kernel
            case bios
        }
    }

    /// The device tree on the card's FAT partition and what must change for QEMU's model of the board.
    struct DeviceTree: Sendable, Equatable {
        var file: String
        var edits: [DeviceTreeEdit]
    }
}

/// All that fwtool knows about a board: what to fetch, what to put where, which modules to load, how to emulate it.
///
/// Data only, one YAML file a board; `docs/board-profiles.md` explains every key. A new board is a new file.
struct BoardProfile: Sendable, Equatable {
    /// The word after `--target`: lower-case letters, digits and hyphens.
    var name: String
    /// The board as people call it.
    var title: String
    /// Further boards the same image boots.
    var models: [String]
    var packages: Packages
    var kernel: Kernel
    var boot: Boot
    var modules: Modules
    var partitions: Partitions
    var gpio: GPIO
    var buses: [Bus]
    var kernelDevices: [KernelDevice] = []
    var options: [Option] = []
    /// How QEMU plays the board; nil where it cannot.
    var emulation: BoardEmulation?

    /// Where the board's Debian packages come from.
    struct Packages: Sendable, Equatable {
        /// Debian release, for example `trixie`.
        var suite: String
        /// Archive areas, for example `main` and `non-free-firmware`.
        var components: [String]
    }

    struct Kernel: Sendable, Equatable {
        /// Package with the kernel and its modules, or one that depends on it (`linux-image-arm64`).
        var package: String
        /// Physical address where the board's memory starts; the boot script's addresses count from it.
        var memoryStart: Int
        /// Further words of the kernel's command line.
        var arguments: [String] = []
        /// What follows `console=` on the kernel's command line.
        var console: String
    }

    struct Boot: Sendable, Equatable {
        var card: CardInterface
        /// Files of the FAT partition, in the order they are written.
        var files: [File]
        /// Text of `config.txt`; nil for a board whose firmware reads none.
        var config: String?

        struct File: Sendable, Equatable {
            var package: String
            /// Path inside the package, shell pattern characters allowed; it must match exactly one file.
            var path: String
            /// Name on the FAT partition.
            var name: String
            /// Changes to the file before it is written; the file is then a flattened device tree.
            var edits: [DeviceTreeEdit]
        }
    }

    /// How U-Boot and the kernel reach the card; the raw value is U-Boot's command and `devtype`.
    enum CardInterface: String, Sendable, CaseIterable {
        case mmc
        case virtio
    }

    /// Kernel modules in load order; what they depend on is found by the build.
    struct Modules: Sendable, Equatable {
        /// Loaded before the root file system is mounted, so they lie in the initramfs.
        var initramfs: [Module]
        /// Loaded by the running system.
        var root: [Module]
        /// In the root image, loaded when a kernel device needs them.
        var onDemand: [Module] = []
    }

    struct Module: Sendable, Equatable {
        /// As `modprobe` takes it.
        var name: String
        /// Why the board needs it.
        var reason: String
    }

    /// Partition sizes in MiB. There are two slots of the same size.
    struct Partitions: Sendable, Equatable {
        var boot: Int
        var slot: Int
        var data: Int
    }

    struct GPIO: Sendable, Equatable {
        /// The chip's label: numbers of `/dev/gpiochipN` move between kernels.
        var label: String
        /// Number of lines.
        var lines: Int
        /// What is at the pins of the board's header, by pin.
        var header: [Pin] = []

        struct Pin: Sendable, Equatable {
            var number: Int
            var line: Int
        }
    }

    /// A chip on I2C that a driver of the kernel is to have, though no device tree names it.
    struct KernelDevice: Sendable, Equatable {
        /// As the app names it.
        var bus: String
        var address: Int
        /// What the driver calls the chip.
        var driver: String
    }

    /// What a card can be made with besides, such as a bus that takes pins from the GPIO.
    struct Option: Sendable, Equatable {
        var name: String
        /// Changes to every device tree of the card.
        var edits: [DeviceTreeEdit]
    }

    /// A bus, a chip select of one, or a serial port.
    struct Bus: Sendable, Equatable {
        enum Kind: String, Sendable, CaseIterable {
            case i2c, spi, serial
        }
        var kind: Kind
        /// The name an app uses.
        var name: String
        /// The device file.
        var path: String
    }
}

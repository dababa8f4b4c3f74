import Foundation
import Testing

@testable import fwtool

/// Over a made-up /sys, /proc and udev database.
struct DiskFinderTests {
    private let root: ScratchFolder

    init() throws {
        root = try ScratchFolder()
        try write(
            "/proc/self/mountinfo", "22 1 8:2 / / rw - ext4 /dev/sda2 rw\n23 22 0:5 / /dev rw - devtmpfs dev rw\n")
        try write("/proc/swaps", "Filename Type Size Used Priority\n")
        // The system's own disk.
        try disk("sda", number: "8:0", gigabytes: 512, at: "pci0000:00/ata1", model: "Samsung SSD 870")
        try partition("sda2", of: "sda", number: "8:2")
        try disk(
            "sdb", number: "8:16", gigabytes: 32, at: "pci0000:00/usb1/1-2", isRemovable: true, model: "SanDisk Ultra")
        try partition("sdb1", of: "sdb", number: "8:17")
        try partition("sdb2", of: "sdb", number: "8:18")
    }

    private var finder: DiskFinder { DiskFinder(root: root.url.path) }

    private func write(_ path: String, _ text: String) throws {
        let file = root.url.appendingPathComponent(path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func disk(
        _ name: String, number: String, gigabytes: Int, at place: String, isRemovable: Bool = false, model: String = "",
        files: [String: String] = [:]
    ) throws {
        let folder = "/sys/devices/\(place)/block/\(name)"
        var all = [
            "dev": number, "size": "\(gigabytes * 1_000_000_000 / 512)", "removable": isRemovable ? "1" : "0",
            "ro": "0",
            "device/model": model,
        ]
        all.merge(files) { _, new in new }
        for (file, text) in all { try write("\(folder)/\(file)", "\(text)\n") }
        try FileManager.default.createDirectory(
            at: root.url.appendingPathComponent("/sys/block"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: root.url.appendingPathComponent("/sys/block/\(name)").path,
            withDestinationPath: "../devices/\(place)/block/\(name)")
        try write("/dev/\(name)", "")
    }

    private func partition(_ name: String, of disk: String, number: String) throws {
        try write("/sys/block/\(disk)/\(name)/dev", "\(number)\n")
        try write("/sys/block/\(disk)/\(name)/partition", "1\n")
        try write("/dev/\(name)", "")
    }

    private func mount(_ line: String) throws {
        let file = root.url.appendingPathComponent("/proc/self/mountinfo")
        try (try String(contentsOf: file, encoding: .utf8) + line + "\n").write(
            to: file, atomically: true, encoding: .utf8)
    }

    private func disk(_ name: String) throws -> Disk { try #require(finder.disks().first { $0.name == name }) }

    @Test func cardsAndSticksAreOfferedOthersAreNot() throws {
        try disk(
            "mmcblk0", number: "179:0", gigabytes: 64, at: "soc/mmc0",
            files: ["device/type": "MMC", "device/name": "8GTF4R"])
        try disk(
            "mmcblk1", number: "179:96", gigabytes: 16, at: "soc/mmc1",
            files: ["device/type": "SD", "device/name": "SU16G"])
        try disk("mmcblk0boot0", number: "179:32", gigabytes: 1, at: "soc/mmc0", files: ["device/type": "MMC"])
        try disk("sdc", number: "8:32", gigabytes: 1000, at: "pci0000:00/usb2/2-1", model: "Elements")
        try disk(
            "sdd", number: "8:48", gigabytes: 0, at: "pci0000:00/usb1/1-3", isRemovable: true, model: "Card Reader")
        try disk("nvme0n1", number: "259:0", gigabytes: 256, at: "pci0000:00/nvme")
        try disk("loop0", number: "7:0", gigabytes: 1, at: "virtual")
        try disk("loop1", number: "7:1", gigabytes: 0, at: "virtual")
        let kinds = Dictionary(uniqueKeysWithValues: finder.disks().map { ($0.name, $0.kind) })
        #expect(
            kinds == [
                "loop0": .loop, "mmcblk0": .fixed, "mmcblk1": .card, "sda": .fixed, "sdb": .removable, "sdc": .usbDisk,
                "sdd": .removable,
            ])
        #expect(finder.disks().filter(\.isOffered).map(\.name) == ["mmcblk1", "sdb"])
        #expect(try disk("sdb").title == "32.0 GB SanDisk Ultra card at /dev/sdb")
        #expect(try disk("mmcblk1").title == "16.0 GB SU16G card at /dev/mmcblk1")
        #expect("\(try #require(try disk("mmcblk0").refusal))".contains("is built in"))
        #expect("\(try #require(try disk("sdd").refusal))".contains("there is no card"))
    }

    @Test func aFreeCardIsNotRefused() throws {
        #expect(try disk("sdb").refusal == nil)
        try mount("40 22 8:17 / /media/me/My\\040Card rw - vfat /dev/sdb1 rw")
        try mount("41 22 8:18 / /run/media/me/data rw - ext4 /dev/sdb2 rw")
        #expect(try disk("sdb").refusal == nil)
        #expect(
            try disk("sdb").mounts == [
                .init(device: "/dev/sdb1", place: "/media/me/My Card"),
                .init(device: "/dev/sdb2", place: "/run/media/me/data"),
            ])
    }

    @Test(arguments: ["/", "/boot", "/boot/firmware", "/home", "/mediaserver", "/var/lib/docker"])
    func aDiskTheSystemHasMountedIsRefused(_ place: String) throws {
        try mount("40 22 8:17 / \(place) rw - ext4 /dev/sdb1 rw")
        let refusal = "\(try #require(try disk("sdb").refusal))"
        #expect(refusal.contains("/dev/sdb1 is mounted on \(place); "), "\(refusal)")
        #expect(refusal.contains("umount \(place)"))
    }

    /// Btrfs gives its mounts numbers of their own.
    @Test func aMountIsKnownByItsSourceToo() throws {
        try mount("40 22 0:45 /home /home rw shared:1 - btrfs /dev/sdb2 rw")
        #expect(try disk("sdb").refusal != nil)
    }

    @Test func swapIsRefused() throws {
        try write("/proc/swaps", "Filename Type Size Used Priority\n/dev/sdb2 partition 1 0 -2\n")
        #expect("\(try #require(try disk("sdb").refusal))".contains("holds swap space in use (/dev/sdb2)"))
    }

    @Test func membersOfLVMAndRAIDAreRefused() throws {
        try write("/run/udev/data/b8:18", "E:ID_FS_VERSION=x\nE:ID_FS_TYPE=linux_raid_member\n")
        #expect("\(try #require(try disk("sdb").refusal))".contains("belongs to a linux_raid set (/dev/sdb2)"))
        try write("/run/udev/data/b8:18", "E:ID_FS_TYPE=ext4\n")
        #expect(try disk("sdb").refusal == nil)
        try write("/sys/block/sdb/sdb2/holders/dm-0", "")
        #expect("\(try #require(try disk("sdb").refusal))".contains("carries dm-0"))
    }

    @Test func aLockedCardIsRefused() throws {
        try write("/sys/block/sdb/ro", "1\n")
        #expect("\(try #require(try disk("sdb").refusal))".contains("write-protected; slide"))
    }

    @Test func aDeviceIsFoundByItsPathAndByALinkToIt() throws {
        let dev = root.url.appendingPathComponent("dev")
        try FileManager.default.createSymbolicLink(
            atPath: dev.appendingPathComponent("card").path, withDestinationPath: "sdb")
        #expect(try finder.disk(at: dev.path + "/sdb")?.name == "sdb")
        #expect(try finder.disk(at: dev.path + "/card")?.name == "sdb")
        #expect(try finder.disk(at: root.url.path + "/home/card.img") == nil)
        #expect { try finder.disk(at: dev.path + "/sdb1") } throws: {
            "\($0)".contains("name the whole card: /dev/sdb")
        }
        #expect { try finder.disk(at: dev.path + "/sdx") } throws: { "\($0)".contains("is no disk") }
        #expect { try finder.disk(at: dev.path + "/tty") } throws: { "\($0)".contains("is no disk") }
    }

    // MARK: - Choosing

    @Test func theOnlyFreeCardIsChosenAndOfTwoNone() throws {
        #expect(try BurnCommand.choose(nil, of: finder.disks()).name == "sdb")
        try disk("sdc", number: "8:32", gigabytes: 8, at: "pci0000:00/usb1/1-3", isRemovable: true, model: "Other")
        #expect { try BurnCommand.choose(nil, of: finder.disks()) } throws: {
            "\($0)".contains("cards: 32.0 GB SanDisk Ultra card at /dev/sdb, 8.0 GB Other card at /dev/sdc; name")
        }
        #expect(try BurnCommand.choose(try disk("sdc"), of: finder.disks()).name == "sdc")
        // One of the two is the system's: the other it is.
        try mount("40 22 8:17 / /home rw - ext4 /dev/sdb1 rw")
        #expect(try BurnCommand.choose(nil, of: finder.disks()).name == "sdc")
    }

    @Test func theSystemsDiskIsNeverChosen() throws {
        let system = try disk("sda")
        #expect(throws: FwtoolError.self) { try BurnCommand.choose(system, of: [system]) }
        #expect { try BurnCommand.choose(nil, of: [system]) } throws: { "\($0)".contains("no SD card is found") }
        #expect { try BurnCommand.choose(nil, of: []) } throws: { "\($0)".contains("no SD card is found") }
        try mount("40 22 8:17 / /home rw - ext4 /dev/sdb1 rw")
        #expect { try BurnCommand.choose(nil, of: finder.disks()) } throws: { "\($0)".contains("is mounted on /home") }
    }

    @Test func aTreeWithoutAnythingHasNoDisks() throws {
        #expect(DiskFinder(root: root.url.path + "/nowhere").disks().isEmpty)
    }
}

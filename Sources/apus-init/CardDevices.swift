internal import Glibc

/// The device files of the card this system runs from.
struct CardDevices: Equatable {
    /// The whole card.
    let card: String
    /// The partition with `/data`.
    let data: String

    /// By the links the initramfs makes; without them the disk that the root image lies on.
    static func find() -> CardDevices? {
        if access("/dev/apus/data", F_OK) == 0 { return CardDevices(card: "/dev/apus/card", data: "/dev/apus/data") }
        for line in Settings.lines(of: "/proc/mounts") {
            let fields = line.split(separator: " ")
            if fields.count >= 3, fields[1] == "/", fields[2] == "erofs" { return CardDevices(partition: fields[0]) }
        }
        return nil
    }

    /// - Parameter partition: any of the card's: /dev/mmcblk0p2 is on /dev/mmcblk0, /dev/vda3 on /dev/vda.
    init?(partition: Substring) {
        guard partition.last?.isNumber == true else { return nil }
        var disk = partition.dropLast()
        data = disk + "4"
        // A disk whose name ends with a digit has a p before the number of its partitions.
        if disk.last == "p", disk.dropLast().last?.isNumber == true { disk.removeLast() }
        card = String(disk)
    }

    init(card: String, data: String) {
        self.card = card
        self.data = data
    }
}

internal import Glibc

/// The device files of the card this system runs from.
struct CardDevices {
    /// The whole card.
    let card: String
    /// The partition with `/data`.
    let data: String

    /// By the links the initramfs makes; nil where it found no card.
    static func find() -> CardDevices? {
        let devices = CardDevices(card: "/dev/apus/card", data: "/dev/apus/data")
        return access(devices.card, F_OK) == 0 && access(devices.data, F_OK) == 0 ? devices : nil
    }
}

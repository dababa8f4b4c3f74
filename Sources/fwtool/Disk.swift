import JSON

/// A disk of the developer's machine, as far as `fwtool burn` must know it.
struct Disk: Equatable {
    enum Kind: String {
        /// An SD card in a slot of the machine.
        case card
        /// A medium in a reader, or a stick.
        case removable
        /// A disk on USB that says its medium does not come out.
        case usbDisk = "USB disk"
        case loop = "loop device"
        /// Built in.
        case fixed
    }

    /// The kernel's name: `sdc`, `mmcblk0`.
    var name: String
    var kind: Kind
    /// In bytes; 0 for a reader without a card.
    var size: Int
    /// Maker and model as far as the disk tells; may be empty.
    var model: String
    var isReadOnly: Bool
    /// What of it is mounted.
    var mounts: [Mount]
    /// What else the system uses it for, each as the end of a sentence: "holds swap space in use (/dev/sda2)".
    var uses: [String]

    struct Mount: Equatable {
        /// `/dev/sdc1`
        var device: String
        var place: String
    }

    var path: String { "/dev/\(name)" }

    /// "31.9 GB SanDisk Ultra card at /dev/sdc"
    var title: String {
        let what = kind == .card || kind == .removable ? "card" : kind.rawValue
        return [readableSize, model, what, "at \(path)"].filter { !$0.isEmpty }.joined(separator: " ")
    }

    var readableSize: String {
        let tenths = size / 100_000_000
        return "\(tenths / 10).\(tenths % 10) GB"
    }

    /// Offered without being named: what is meant to be taken out.
    var isOffered: Bool { (kind == .card || kind == .removable) && size > 0 }

    /// Why it must not be written to; nil when it may.
    var refusal: FwtoolError? {
        if kind == .fixed {
            return FwtoolError(
                "\(path) is built in, not a removable card", remedy: "see what can be burned with: fwtool burn --list")
        }
        // Where desktops and people mount what they plug in. Whatever lies elsewhere, the system may need.
        let places = ["/media/", "/run/media/", "/mnt/"]
        if let mount = mounts.first(where: { mount in !places.contains { "\(mount.place)/".hasPrefix($0) } }) {
            return FwtoolError(
                "\(path) is a disk of this system: \(mount.device) is mounted on \(mount.place)",
                remedy: "if it really is the card, unmount it first: umount \(mount.place)")
        }
        if let use = uses.first {
            return FwtoolError("\(path) is a disk of this system: it \(use)", remedy: "name another device")
        }
        if size == 0 { return FwtoolError("there is no card in \(path)", remedy: "insert one") }
        if isReadOnly {
            return FwtoolError("\(path) is write-protected", remedy: "slide the card's lock towards its contacts")
        }
        return nil
    }

    var json: JSON {
        [
            "device": .string(path), "kind": .string(kind.rawValue), "size": .integer(Int64(size)),
            "model": .string(model), "mounts": .array(mounts.map { .string($0.place) }),
            "refusal": refusal.map { .string("\($0)") } ?? .null,
        ]
    }
}

internal import BootState
internal import Card
internal import Glibc
internal import Updating

/// The card a command works on, held alone while the command runs.
struct Target {
    let card: BlockFile
    let path: String
    /// The slot this system runs from; of another card the confirmed one, unless told otherwise.
    let running: Slot
    /// Nil for another card: then its running slot tells.
    let device: Updater.Device?
    private let lock: UpdateLock?

    /// Made by the initramfs: the disk this system runs from.
    private static let devicePath = "/dev/apus/card"

    init(_ arguments: Arguments, isWritable: Bool) throws(UpdateError) {
        let isOwn = arguments["--card"] == nil
        path = arguments["--card"] ?? Self.devicePath
        do throws(CardError) {
            card = try BlockFile(path, isWritable: isWritable)
        } catch {
            throw .card(error)
        }
        lock = isWritable ? try UpdateLock(isOwn ? UpdateLock.devicePath : path) : nil
        if isOwn {
            guard let slot = Self.slotOfThisSystem else {
                throw .system(
                    operation: "tell the running slot from", path: "/proc/cmdline", reason: "it has no apus.slot")
            }
            running = slot
            let board = Settings.read("/etc/apus/board.conf")
            device = board["board"].map { Updater.Device(board: $0, version: board["version"]) }
        } else {
            let confirmed = try CardStatus(of: card, path: path).state?.active
            running = arguments["--running"].flatMap(Slot.init) ?? confirmed ?? .a
            device = nil
        }
    }

    /// The boot script says it to the kernel.
    private static var slotOfThisSystem: Slot? {
        let words = Settings.text("/proc/cmdline").split { $0 == " " || $0 == "\n" }
        return words.last { $0.hasPrefix("apus.slot=") }.flatMap { Slot(rawValue: String($0.dropFirst(10))) }
    }
}

import Foundation

/// The QEMU command line that plays a board.
struct EmulatorCommandLine {
    var board: BoardProfile
    var emulation: BoardEmulation
    /// The card to run from; it is written to.
    var card: URL
    var bootloader: URL
    /// nil where the board has none.
    var deviceTree: URL?
    /// Descriptors of connected sockets.
    var qmp: Int32
    var qtest: Int32
    /// A descriptor of a connected socket: what is at the first serial port, where that is not the console.
    var serial: Int32?
    /// Further `-device` values.
    var devices: [String] = []
    /// Where others may speak to QEMU, too; then `qtest`, of which QEMU has one only, is theirs.
    var sockets: URL?
    /// Where QEMU notes all writes and flushes of a card with virtio, in the format of the kernel's dm-log-writes.
    var writeLog: URL?

    /// The console is QEMU's standard input and output.
    var arguments: [String] {
        var words = ["-nodefaults", "-no-user-config", "-display", "none"]
        words += ["-machine", emulation.machine, "-smp", "\(emulation.cpus)", "-m", "\(emulation.memory)M"]
        words += ["-accel", emulation.accelerator]
        if let cpu = emulation.cpu { words += ["-cpu", cpu] }
        words += ["-\(emulation.bootloader.loadAs.rawValue)", bootloader.path]
        if let deviceTree { words += ["-dtb", deviceTree.path] }

        // The card is a copy that nobody reads after QEMU's end: flushing it to the host's disk would only take time.
        let drive = "file=\(Self.escape(card.path)),format=raw,cache=unsafe"
        switch board.boot.card {
        case .mmc: words += ["-drive", "if=sd,\(drive)"]
        case .virtio:
            if let writeLog {
                func file(_ child: String, _ file: URL) -> String {
                    "\(child).driver=file,\(child).filename=\(Self.escape(file.path)),\(child).cache.no-flush=on"
                }
                let files = "\(file("file", card)),\(file("log", writeLog))"
                words += ["-blockdev", "driver=blklogwrites,node-name=card,\(files)"]
            } else {
                words += ["-drive", "if=none,id=card,\(drive)"]
            }
            words += ["-device", "virtio-blk-device,drive=card"]
        }
        if let network = emulation.network {
            words += ["-netdev", "user,id=network", "-device", "\(network),netdev=network"]
        }
        for device in emulation.devices + devices { words += ["-device", device] }

        for port in 0..<emulation.consoleSerial {
            if port == 0, let serial {
                words += ["-chardev", "socket,id=serial,fd=\(serial)", "-serial", "chardev:serial"]
            } else {
                words += ["-serial", "null"]
            }
        }
        words += ["-serial", "stdio"]
        words += ["-chardev", "socket,id=qmp,fd=\(qmp)", "-mon", "chardev=qmp,mode=control"]
        var channel = "fd=\(qtest)"
        if let sockets {
            func server(_ name: String) -> String {
                "path=\(Self.escape(sockets.appendingPathComponent(name).path)),server=on,wait=off"
            }
            words += ["-chardev", "socket,id=guest,\(server("qmp"))", "-mon", "chardev=guest,mode=control"]
            channel = server("qtest")
        }
        words += ["-chardev", "socket,id=qtest,\(channel)", "-qtest", "chardev:qtest", "-qtest-log", "none"]
        return words
    }

    /// QEMU splits option values at commas; a doubled comma is a plain one.
    private static func escape(_ text: String) -> String { text.replacingOccurrences(of: ",", with: ",,") }
}

import Glibc
import Testing

/// A pair of connected ports of the kernel (pty(7)): a test has one end, what is tested the other.
final class PseudoTerminal {
    private let master: Int32
    private var isPlugged = true
    /// The path of the other end.
    let path: String

    init() throws {
        // As posix_openpt, unlockpt and ptsname do, which Swift's Glibc does not show: TIOCSPTLCK and TIOCGPTN of
        // asm-generic/ioctls.h.
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var lock: Int32 = 0
        var number: UInt32 = 0
        try #require(ioctl(master, 0x4004_5431, &lock) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
        path = "/dev/pts/\(number)"
    }

    deinit {
        unplug()
    }

    func send(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        #expect(write(master, bytes, bytes.count) == bytes.count)
    }

    /// What the other end wrote, as soon as there is something.
    func receive(upTo count: Int = 4096) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let received = read(master, &buffer, count)
        return Array(buffer.prefix(max(received, 0)))
    }

    /// The other end finds its port hung up.
    func unplug() {
        // Once: the number may by then be that of another file of this process.
        if isPlugged { close(master) }
        isPlugged = false
    }
}

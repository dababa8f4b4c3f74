import CLinux
import Foundation

/// A disk held for burning: unmounted, and nobody else's as long as this lives.
final class BurnTarget {
    let disk: Disk
    private let descriptor: Int32

    init(_ disk: Disk) throws {
        self.disk = disk
        for mount in disk.mounts {
            guard umount2(mount.place, 0) == 0 || errno == EINVAL else {
                throw FwtoolError(
                    "\(mount.place) cannot be unmounted: \(String(cString: strerror(errno)))",
                    remedy: errno == EPERM
                        ? "run it as root: sudo fwtool burn ..." : "close what uses it and run the command again")
            }
        }
        // The kernel lets only one have a disk exclusively, mounts and RAID included (open(2), O_EXCL): the last guard.
        descriptor = open(disk.path, O_RDWR | O_EXCL | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            let remedy =
                switch code {
                case EACCES, EPERM: "run it as root: sudo fwtool burn ..."
                case EBUSY: "a program or a mount uses it: end that first"
                case ENOMEDIUM: "insert the card"
                case EROFS: "slide the card's lock towards its contacts"
                default: "take the card out, put it in again and run the command again"
                }
            throw FwtoolError("\(disk.path) cannot be opened: \(String(cString: strerror(code)))", remedy: remedy)
        }
    }

    /// Drops what the kernel keeps of the card in memory, so that reading it back reads the card.
    func dropCache() { _ = linux_ioctl(descriptor, linux_blkflsbuf, nil) }

    /// Has the kernel read the new partition table. Not every disk has partitions: no error.
    func readTable() { _ = linux_ioctl(descriptor, linux_blkrrpart, nil) }

    /// Lets the card go. A slot of the machine has nothing to let go of: no error either.
    func eject() { _ = linux_ioctl(descriptor, linux_cdromeject, nil) }

    deinit { close(descriptor) }
}

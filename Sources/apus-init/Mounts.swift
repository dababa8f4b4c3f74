internal import CLinux
internal import Glibc

/// The file systems below the read-only root.
enum Mounts {
    /// Needs no module. The initramfs has moved /proc, /sys and /dev here already; mounting them again says EBUSY, which
    /// is as good.
    static func early() {
        attach("proc", "/proc", "proc", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC))
        attach("sysfs", "/sys", "sysfs", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC))
        attach("devtmpfs", "/dev", "devtmpfs", UInt(MS_NOSUID))
        attach("tmpfs", "/run", "tmpfs", UInt(MS_NOSUID | MS_NODEV), "mode=755,size=8m")
        attach("tmpfs", "/tmp", "tmpfs", UInt(MS_NOSUID | MS_NODEV), "mode=1777,size=32m")
        mkdir("/dev/pts", 0o755)
        attach("devpts", "/dev/pts", "devpts", UInt(MS_NOSUID | MS_NOEXEC), "mode=620,ptmxmode=666")
    }

    /// Memory in the place of the data partition when that cannot be mounted, so that the app runs in any case.
    static func memoryForData() {
        Log.line("the place of the data partition is taken by memory")
        attach("tmpfs", "/data", "tmpfs", UInt(MS_NOSUID | MS_NODEV), "mode=755,size=32m")
    }

    static func detachData() {
        sync()
        if umount2("/data", 0) != 0 {
            // Somebody still holds a file: read-only is what keeps it whole.
            mount(nil, "/data", nil, UInt(MS_REMOUNT | MS_RDONLY), nil)
        }
        sync()
    }

    @discardableResult
    private static func attach(
        _ source: String, _ target: String, _ type: String, _ flags: UInt, _ options: String? = nil
    ) -> Bool {
        if mount(source, target, type, flags, options) == 0 { return true }
        if errno == EBUSY { return true }
        Log.line("\(target) cannot be mounted: \(Log.error)")
        return false
    }
}

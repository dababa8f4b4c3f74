internal import Glibc
internal import Threads

/// Held by the one process that may write to the slots and the boot state; given back at its end, however it ends.
public final class UpdateLock {
    private let descriptor: Int32

    /// Where updates of the device's own card meet.
    public static let devicePath = "/run/apus/update.lock"

    /// - Parameter path: a file, made where it is missing; for a card's image the image itself.
    /// - Throws: ``UpdateError/alreadyRunning`` at once when another process holds it.
    public init(_ path: String) throws(UpdateError) {
        if path == Self.devicePath { mkdir("/run/apus", 0o755) }
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .system(operation: "open", path: path, reason: systemMessage(errno))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw .system(operation: "lock", path: path, reason: systemMessage(code))
            }
            throw .alreadyRunning
        }
    }

    deinit { close(descriptor) }
}

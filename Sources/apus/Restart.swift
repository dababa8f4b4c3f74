internal import Glibc
internal import Updating

/// The restart of the device this runs on.
enum Restart {
    /// As BusyBox's reboot asks for it: apus-init stops the app in order.
    static func request() throws(UpdateError) {
        guard kill(1, SIGTERM) == 0 else {
            throw .system(operation: "restart through", path: "PID 1", reason: String(cString: strerror(errno)))
        }
    }
}

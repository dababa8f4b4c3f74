import Foundation

@testable import fwtool

/// A plain web server on this machine, as bundles are served by: BusyBox's.
enum WebServer {
    /// Serves a folder while `body` runs.
    ///
    /// - Parameter body: is given the URL of the folder as an emulated board reaches it (QEMU's user network).
    static func with<T>(_ folder: URL, _ body: (_ url: String) async throws -> T) async throws -> T {
        guard let busybox = Command.find("busybox"), let timeout = Command.find("timeout") else {
            throw FwtoolError("BusyBox is not installed (Debian package busybox)", remedy: "apt install busybox")
        }
        let port = try freePort()
        // Outlives a test that is killed by an hour at most, which is longer than any test takes.
        let words = [timeout, "3600", busybox, "httpd", "-f", "-p", "127.0.0.1:\(port)", "-h", folder.path]
        let server = try Spawn.start(
            words, environment: ProcessInfo.processInfo.environment, descriptors: [(1, 1), (2, 2)])
        defer {
            // Passed on by `timeout`.
            kill(server, SIGTERM)
            var status: Int32 = 0
            waitpid(server, &status, 0)
        }
        return try await body("http://10.0.2.2:\(port)")
    }

    /// One that nobody listens at now.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw FwtoolError("no port is free") }
        return UInt16(bigEndian: address.sin_port)
    }
}

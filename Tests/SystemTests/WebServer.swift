import Foundation

@testable import fwtool

/// A plain web server on this machine, as bundles are served by: BusyBox's.
enum WebServer {
    /// Serves a folder while `body` runs.
    ///
    /// - Parameter body: is given the URL of the folder as an emulated board reaches it (QEMU's user network).
    static func with<T: Sendable>(_ folder: URL, _ body: (_ url: String) async throws -> T) async throws -> T {
        guard let busybox = Command.find("busybox") else {
            throw FwtoolError("BusyBox is not installed (Debian package busybox)", remedy: "apt install busybox")
        }
        let port = try freePort()
        let words = [busybox, "httpd", "-f", "-p", "127.0.0.1:\(port)", "-h", folder.path]
        let server = try await EmulatorProcess.start(.setpriv, words)
        do {
            let result = try await body("http://10.0.2.2:\(port)")
            await server.stop()
            return result
        } catch {
            await server.stop()
            throw error
        }
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

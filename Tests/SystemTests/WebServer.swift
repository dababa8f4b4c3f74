import BrokerFixture
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
}

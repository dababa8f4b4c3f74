import Foundation
import Testing

@testable import apus_init

struct AppReportsTests {
    @Test func takesWordsAndPassesOverTheRest() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("init").path
        let reports = AppReports(path: path)
        #expect(reports.next() == nil)
        for word in ["starting", "", "Healthy", String(repeating: "healthy", count: 1000), "healthy\n", "healthy"] {
            send(word, to: path)
        }
        #expect(reports.next() == .starting)
        #expect(reports.next() == .healthy)
        #expect(reports.next() == nil)
        close(reports.descriptor)
    }

    private func send(_ word: String, to path: String) {
        let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(socket, word, word.utf8.count, 0, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

import Foundation
import Testing

/// Device code must not import what the device's Swift runtime does not have; the compiler of the developer's machine
/// would not notice.
struct DeviceImportsTests {
    @Test func deviceModulesImportNeitherFoundationNorDispatch() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources")
        let modules = try FileManager.default.contentsOfDirectory(atPath: sources.path).filter { $0 != "fwtool" }
        #expect(modules.contains("Supervision") && modules.contains("apus-init"))
        for module in modules {
            let walk = FileManager.default.enumerator(atPath: sources.appendingPathComponent(module).path)
            for case let name as String in walk ?? .init() where name.hasSuffix(".swift") {
                let file = sources.appendingPathComponent(module).appendingPathComponent(name)
                let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
                for line in lines where line.contains("import Foundation") || line.contains("import Dispatch") {
                    Issue.record("\(module)/\(name): \(line)")
                }
            }
        }
    }
}

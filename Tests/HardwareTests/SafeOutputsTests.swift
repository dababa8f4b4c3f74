import Foundation
import Testing

@testable import Hardware

struct SafeOutputsTests {
    @Test func anOutputIsNotedUntilItIsForgotten() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("outputs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let outputs = SafeOutputs(folder: folder.path)
        outputs.note(chip: "../chip", offset: 7, safe: true, OutputOptions(drive: .openDrain, isActiveLow: true))
        outputs.note(chip: "other", offset: 0, safe: false, OutputOptions())
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == [".._chip:7", "other:0"])
        let note = try String(contentsOf: folder.appendingPathComponent(".._chip:7"), encoding: .utf8)
        #expect(note == "line=../chip:7\nlevel=1\ndrive=open-drain\nactive-low=1\n")
        outputs.forget(chip: "../chip", offset: 7)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["other:0"])
        // Nothing to write to is no failure.
        SafeOutputs(folder: "/proc/no/such").note(chip: "c", offset: 1, safe: true, OutputOptions())
    }
}

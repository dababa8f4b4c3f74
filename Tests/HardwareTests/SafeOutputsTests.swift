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
        #expect(note == "line=../chip:7\nlevel=1\ndrive=open-drain\nactive-low=1\nprocess=\(getpid())\n")
        outputs.forget(chip: "../chip", offset: 7)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["other:0"])
        // Nothing to write to is no failure.
        SafeOutputs(folder: "/proc/no/such").note(chip: "c", offset: 1, safe: true, OutputOptions())
    }

    /// Seen at the other ends of wires: a line that is driven for a moment makes two edges there.
    @Test func linesOfAProcessAreSetUnlessSomebodyHoldsThem() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("outputs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func note(_ name: String, _ text: String) throws {
            try text.write(to: folder.appendingPathComponent(name), atomically: false, encoding: .utf8)
        }
        try note("chip:0", "line=chip:0\nlevel=1\ndrive=push-pull\nactive-low=0\nprocess=41\n")
        try note("chip:1", "line=chip:1\nlevel=0\ndrive=open-drain\nactive-low=0\nprocess=41\n")
        try note("chip:2", "line=chip:2\nlevel=0\ndrive=push-pull\nactive-low=1\nprocess=41\n")
        try note("chip:3", "line=chip:3\nlevel=1\ndrive=push-pull\nactive-low=0\nprocess=4\n")
        try note("chip:4", "line=chip:4\nlevel=1\ndrive=push-pull\nactive-low=0\nprocess=41\n")
        try note("chip:5", "line=chip:5\nlevel=1\n")
        try note("other:0", "line=other:0\nlevel=1\ndrive=push-pull\nactive-low=0\nprocess=41\n")
        // In the moment of its being written.
        try note("empty", "")

        let simulated = SimulatedGPIO(label: "chip", lines: 16)
        let chip = GPIOChip.simulated(simulated)
        let outputs = SafeOutputs(folder: folder.path) { $0 == "chip" ? chip : .labelled("none of any machine") }
        let held = try OutputLine(on: chip, offset: 4, initial: false)
        let wires = try (0..<6).map { offset in
            try simulated.join(offset, offset + 8)
            return try InputLine(
                on: chip, offset: offset + 8,
                InputOptions(bias: offset == 1 ? .pullUp : .pullDown, edges: .both))
        }
        func left() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

        var failures: [String] = []
        outputs.restore(heldBy: 41) { name, _ in failures.append(name) }
        #expect(failures == ["other:0"])
        #expect(wires.map(\.statistics.received) == [2, 2, 2, 0, 0, 0])
        #expect(try left() == ["chip:3", "chip:4", "chip:5", "empty", "other:0"])

        outputs.restore { name, _ in failures.append(name) }
        #expect(failures == ["other:0", "other:0"])
        #expect(wires.map(\.statistics.received) == [2, 2, 2, 2, 0, 2])
        #expect(try left() == ["chip:4", "empty", "other:0"])
        #expect(try !held.level())
    }
}

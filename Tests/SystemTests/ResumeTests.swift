import BootState
import Foundation
import JSON
import Testing

@testable import fwtool

extension SystemTests {
    /// An update whose power is cut when nine tenths are fetched. The figures it prints are those of a real kernel, whose
    /// memory is lost with what it had not yet written.
    @Suite struct ResumeTests {
        private static let deadline = Duration.seconds(240)

        @Test func whatWasFetchedBeforeACutIsNotFetchedAgain() async throws {
            let board = try BoardCatalog(directory: Machine.checkout.appendingPathComponent("BoardProfiles"))
                .profile("virt")
            let image = try Machine.image(for: "virt")
            let bundle = Machine.checkout.appendingPathComponent("build/next/WeatherStation-virt.apus")
            let size = try #require(try FileManager.default.attributesOfItem(atPath: bundle.path)[.size] as? Int)
            try await TemporaryFolder.with(beside: image) { folder in
                let root = folder.appendingPathComponent("www")
                try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
                try FileManager.default.createSymbolicLink(
                    at: root.appendingPathComponent("next.apus"), withDestinationURL: bundle)
                let card = try EmulatorCard(file: image).copy(to: folder.appendingPathComponent("card.img"))
                try card.provision([("console", "shell"), ("button.line", "GPIO0"), ("led.line", "GPIO7")])
                // So that everything has to be fetched.
                try card.eraseDirectory(of: .a)
                try await WebServer.with(root) { url in
                    let fetched = try await Emulator.with(board, card: card, in: folder) { emulator in
                        try await emulator.console.wait(for: "built-in shell", deadline: Self.deadline)
                        let shell = Shell(emulator: emulator, deadline: Self.deadline)
                        try await shell.network()
                        // Slow enough that one percent takes some time.
                        try emulator.type("apus update \(url)/next.apus --json --rate-limit 4M")
                        while true {
                            let event = try await Self.nextEvent(emulator)
                            guard event["event"] == .string("progress"), case .integer(let count)? = event["fetched"]
                            else { continue }
                            if count * 10 >= size * 9 { return Int(count) }
                        }
                    }
                    try await Emulator.with(board, card: card, in: folder) { emulator in
                        try await emulator.console.wait(for: "built-in shell", deadline: Self.deadline)
                        let shell = Shell(emulator: emulator, deadline: Self.deadline)
                        try await shell.network()
                        let text = try await shell.run(
                            "apus update \(url)/next.apus --json >/tmp/events & while [ -d /proc/$! ]; do "
                                + "now=$(grep VmHWM /proc/$!/status) && most=$now; done 2>/dev/null; "
                                + "echo $most; tail -n 1 /tmp/events")
                        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("{") }, "\(text)")
                        guard case .object(let event) = try JSON(parsing: String(line)),
                            event["event"] == .string("done"), case .integer(let again)? = event["fetched"],
                            case .integer(let written)? = event["written"]
                        else { throw FwtoolError("the update ended with: \(text)") }
                        let memory = text.split(separator: "\n").first ?? ""
                        print(
                            "update cut at \(fetched) of \(size) bytes: \(again) fetched again, "
                                + "\(written) written, \(memory)")
                        // Nine tenths are there, and one percent is for the head and for what was not flushed.
                        #expect(Int(again) + fetched <= size + size / 100 + size / 100)
                    }
                }
            }
        }

        /// The next line of `apus update --json`.
        private static func nextEvent(_ emulator: Emulator) async throws -> JSON.Object {
            while true {
                try await emulator.console.wait(for: "{\"event\":", deadline: deadline)
                let rest = try await emulator.console.wait(for: "}\n", deadline: deadline)
                if case .object(let event)? = try? JSON(parsing: "{\"event\":" + rest.dropLast()) { return event }
            }
        }
    }
}

import Foundation
import Testing

@testable import fwtool

extension SystemTests {
    /// What `fwtool build` says of apps that cannot become firmware. Needs the Swift SDK.
    @Suite struct BuildTests {
        private let scratch: URL
        private let app: URL
        private let program = Machine.checkout.appendingPathComponent(".build/release/fwtool").path

        init() throws {
            scratch = FileManager.default.temporaryDirectory.appendingPathComponent("build-tests-\(UUID().uuidString)")
            app = scratch.appendingPathComponent("WeatherStation")
            let original = Machine.checkout.appendingPathComponent("Firmware/WeatherStation")
            try FileManager.default.createDirectory(at: app, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: original.appendingPathComponent("Sources"), to: app.appendingPathComponent("Sources"))
            let manifest = try String(contentsOf: original.appendingPathComponent("Package.swift"), encoding: .utf8)
            try manifest.replacingOccurrences(of: "\"../..\"", with: "\"\(Machine.checkout.path)\"")
                .write(to: app.appendingPathComponent("Package.swift"), atomically: true, encoding: .utf8)
            try "version: 1.2.3\noverlay: rootfs\n".write(
                to: app.appendingPathComponent("apus.yaml"), atomically: true, encoding: .utf8)
            try FileManager.default.createDirectory(at: extra, withIntermediateDirectories: true)
            try "text\n".write(to: extra.appendingPathComponent("note.txt"), atomically: true, encoding: .utf8)
        }

        private var extra: URL { app.appendingPathComponent("rootfs/app/extra") }
        private var output: URL { scratch.appendingPathComponent("out") }

        private func build(_ arguments: String...) throws -> Command.Result {
            let key = Machine.checkout.appendingPathComponent("build/keys/development.key").path
            return try Command(
                program, ["build", "--target", "virt", "--key", key, "--output", output.path] + arguments,
                directory: app, deadline: 1200
            ).execute()
        }

        private var leftovers: [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: output.path)) ?? []
        }

        /// One test: a cold build of the app takes most of its time.
        @Test func refusesWhatCannotRunAndBuildsTheRestReproducibly() throws {
            defer { try? FileManager.default.removeItem(at: scratch) }

            // A program of this machine in the app's overlay.
            let tool = extra.appendingPathComponent("tool")
            try FileManager.default.copyItem(
                at: URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath(), to: tool)
            let foreign = try build()
            #expect(foreign.status == 1)
            #expect(foreign.errors.contains("/app/extra/tool in the root image is built for"), "\(foreign.errors)")
            #expect(leftovers.isEmpty)
            try FileManager.default.removeItem(at: tool)

            // Source that does not compile.
            let source = app.appendingPathComponent("Sources/WeatherStation/WeatherStation.swift")
            let good = try String(contentsOf: source, encoding: .utf8)
            try (good + "\nlet broken: Int = \"text\"\n").write(to: source, atomically: true, encoding: .utf8)
            let broken = try build()
            #expect(broken.status == 1)
            #expect(broken.errors.contains("error: WeatherStation does not compile for the device: "))
            #expect(broken.errors.contains("WeatherStation.swift:"))
            #expect(leftovers.isEmpty)
            try good.write(to: source, atomically: true, encoding: .utf8)

            // No space for the bundle.
            try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
            try Command("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", output.path]).run()
            let full = try build()
            let left = leftovers
            try Command("umount", [output.path]).run()
            #expect(full.status == 1)
            #expect(full.errors.contains("No space left"), "\(full.errors)")
            #expect(left.isEmpty)

            // The same inputs give the same bytes, and need no network.
            let bundle = output.appendingPathComponent("WeatherStation-virt.apus")
            #expect(try build().status == 0)
            let first = try Data(contentsOf: bundle)
            // Libraries of 1.7 MB, which an innocent `contains("text")` brings into every image.
            for program in ["WeatherStation", "apus", "apus-init", "apus-root"] {
                let file = app.appendingPathComponent(".build/\(SDKBundle.triple)/release/\(program)")
                let elf = try #require(try ELF.read(file))
                #expect(!elf.needed.contains("libswift_StringProcessing.so"), "\(program)")
            }
            // What reads the descriptions of simulated boards is for a developer's machine only.
            let binary = try Data(
                contentsOf: app.appendingPathComponent(".build/\(SDKBundle.triple)/release/WeatherStation"))
            #expect(binary.range(of: Data("is none of chip, join and at".utf8)) == nil)
            let offline = try Command(
                "unshare",
                [
                    "-n", program, "build", "--target", "virt", "--output", output.path, "--key",
                    Machine.checkout.appendingPathComponent("build/keys/development.key").path,
                ], directory: app, deadline: 1200
            ).execute()
            #expect(offline.status == 0, "\(offline.errors)")
            #expect(try Data(contentsOf: bundle) == first)
            #expect(leftovers == ["WeatherStation-virt.apus"])
        }
    }
}

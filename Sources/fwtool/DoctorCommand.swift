import ArgumentParser
import Foundation

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Tell what this machine lacks, and the command that mends it.",
        discussion: "Exit code 1 when something is missing.\n\nEXAMPLE\n  fwtool doctor && fwtool build --target rpi4")

    @Flag(help: "Print JSON.")
    var json = false

    /// One thing looked at.
    struct Finding: Codable, Equatable {
        var name: String
        var ok: Bool
        /// What was found, or what is wrong.
        var detail: String
        /// The command that mends it; empty where all is well.
        var remedy: String
    }

    func run() throws {
        var findings = try Self.packages(String(contentsOf: Resources.firmware("host-packages"), encoding: .utf8))
        findings += Self.swift()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(findings), as: UTF8.self))
        } else {
            for finding in findings {
                print("\(finding.ok ? "ok     " : "MISSING") \(finding.name): \(finding.detail)")
            }
            for remedy in Self.remedies(findings) { print("mend it with: \(remedy)") }
        }
        if findings.contains(where: { !$0.ok }) { throw ExitCode(1) }
    }

    /// One call of apt for all missing packages, then the rest.
    static func remedies(_ findings: [Finding]) -> [String] {
        var commands: [String] = []
        for finding in findings where !finding.ok && !commands.contains(finding.remedy) {
            commands.append(finding.remedy)
        }
        let prefix = "apt-get install "
        let packages = commands.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        let rest = commands.filter { !$0.hasPrefix(prefix) }
        return (packages.isEmpty ? [] : [prefix + packages.joined(separator: " ")]) + rest
    }

    /// - Parameter list: the text of `Firmware/host-packages`.
    static func packages(_ list: String) -> [Finding] {
        list.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard fields.count == 4, !line.hasPrefix("#") else { return nil }
            let (package, lowest, probe, reason) = (fields[0], fields[1], fields[2], fields[3])
            let suffix =
                ["libgpiod-dev", "qemu-system-arm"].contains(package) && isBookworm ? "/bookworm-backports" : ""
            let remedy = "apt-get install \(package)\(suffix)"
            let isThere =
                probe.hasPrefix("/") ? FileManager.default.fileExists(atPath: probe) : Command.find(probe) != nil
            guard isThere else {
                return Finding(name: package, ok: false, detail: "\(probe) is missing; for \(reason)", remedy: remedy)
            }
            let query = Command("dpkg-query", ["-W", "-f", "${Version}", package])
            guard let version = try? query.run(), !version.isEmpty else {
                return Finding(name: package, ok: true, detail: "\(probe) is there, not from Debian", remedy: "")
            }
            if lowest != "-", (try? Command("dpkg", ["--compare-versions", version, "ge", lowest]).run()) == nil {
                return Finding(
                    name: package, ok: false, detail: "\(version) is older than \(lowest); for \(reason)",
                    remedy: remedy)
            }
            return Finding(name: package, ok: true, detail: version, remedy: "")
        }
    }

    private static var isBookworm: Bool {
        (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8))?.contains("VERSION_CODENAME=bookworm")
            ?? false
    }

    private static func swift() -> [Finding] {
        do {
            let toolchain = try SwiftToolchain.onPath()
            let found = Finding(name: "Swift toolchain", ok: true, detail: toolchain.versionLine, remedy: "")
            do {
                let sdk = try InstalledSDK.choose(nil, toolchain: toolchain)
                return [found, Finding(name: "Swift SDK for the device", ok: true, detail: sdk.name, remedy: "")]
            } catch {
                return [
                    found,
                    Finding(
                        name: "Swift SDK for the device", ok: false, detail: "\(error)", remedy: "fwtool sdk install"),
                ]
            }
        } catch {
            return [
                Finding(
                    name: "Swift toolchain", ok: false, detail: "\(error)",
                    remedy: "install Swift from swift.org/install")
            ]
        }
    }
}

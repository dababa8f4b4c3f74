import Foundation
import Testing

@testable import fwtool

/// An emulated board that runs the reference app, with a broker its readings reach.
struct Machine: Sendable {
    let emulator: Emulator
    let card: EmulatorCard
    let readings: Readings
    let shell: Shell
    /// For anything that must happen: generous, because the host may be busy with other things.
    let deadline: Duration

    /// Boots an app's image, with a root shell on the console, runs `body` once the shell is
    /// there, and powers the board off.
    ///
    /// - Parameters:
    ///   - app: which one's image.
    ///   - settings: provisioned on the card besides the broker.
    ///   - devices: QEMU's `-device` values besides those of the board profile.
    ///   - hasSerial: connects the machine's first serial port (``Emulator/serial``).
    ///   - prepare: changes the card before power-on.
    static func boot(
        _ name: String, app: String = "WeatherStation", settings: [(key: String, value: String)] = [],
        devices: [String] = [], hasSerial: Bool = false,
        prepare: @Sendable (EmulatorCard) throws -> Void = { _ in }, _ body: @Sendable (Machine) async throws -> Void
    ) async throws {
        var profile = try BoardCatalog(directory: checkout.appendingPathComponent("BoardProfiles")).profile(name)
        profile.emulation?.devices += devices
        let board = profile
        let image = try image(for: name, app: app)
        try await TemporaryFolder.with(beside: image) { folder in
            try await EmulatorBroker.with(in: folder) { broker in
                let card = try EmulatorCard(file: image).copy(to: folder.appendingPathComponent("card.img"))
                try card.provision([("broker", broker.urlForGuest), ("console", "shell")] + settings)
                try prepare(card)
                try await Emulator.with(board, card: card, in: folder, hasSerial: hasSerial) { emulator in
                    let deadline = Duration.seconds(board.emulation?.deadline ?? 0)
                    let machine = Machine(
                        emulator: emulator, card: card, readings: Readings(broker: broker, deadline: deadline),
                        shell: Shell(emulator: emulator, deadline: deadline), deadline: deadline)
                    do {
                        try await emulator.console.wait(for: "built-in shell", deadline: deadline)
                        try await body(machine)
                    } catch {
                        Issue.record("\(name)'s console ended with:\n\(emulator.console.tail(lines: 80))")
                        throw error
                    }
                }
            }
        }
    }

    static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func image(for board: String, app: String = "WeatherStation") throws -> URL {
        let image = checkout.appendingPathComponent("build/\(app)-\(board).img")
        guard FileManager.default.fileExists(atPath: image.path) else {
            throw FwtoolError(
                "the card image build/\(image.lastPathComponent) is not built", remedy: "run: make test-images")
        }
        return image
    }
}

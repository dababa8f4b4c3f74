import Foundation
internal import JSON
import Testing

@testable import fwtool

extension SystemTests {
    /// No reading is lost on the way from a device to its broker, whatever happens to either (docs/outbox.md).
    @Suite struct DeliveryTests {
        /// `make soak` has more of them.
        private static let faults = ProcessInfo.processInfo.environment["APUS_FAULTS"].flatMap(Int.init) ?? 12
        /// A device with its ledger is new after so many.
        private static let faultsPerDevice = 30
        private static let seed =
            ProcessInfo.processInfo.environment["APUS_SEED"].flatMap(UInt64.init) ?? .random(in: 1...999_999)

        @Test func eachFaultOnce() async throws {
            var random = Random(state: Self.seed)
            let steps = DeliveryStep.eachOnce(using: &random)
            try await DeliveryTrial.run("each fault once, seed \(Self.seed)", steps, random: random) { shell in
                try await Self.checkOutboxCommand(shell)
            }
        }

        @Test func faultsAtRandom() async throws {
            var left = Self.faults
            var seed = Self.seed
            while left > 0 {
                var random = Random(state: seed)
                let steps = DeliveryStep.random(min(left, Self.faultsPerDevice), using: &random)
                try await DeliveryTrial.run("seed \(seed), \(left) faults to go", steps, random: random)
                left -= Self.faultsPerDevice
                seed += 1
            }
        }

        /// When everything is delivered.
        private static func checkOutboxCommand(_ shell: Shell) async throws {
            let lines = try await shell.run("apus outbox").split(separator: "\n")
            #expect(lines.contains("waiting: 0 readings, 0 of them on disk, 0 in memory only"), "\(lines)")
            #expect(lines.contains { $0.hasPrefix("mqtt") && $0.contains(": connected to 10.0.2.2:") }, "\(lines)")
            let text = try await shell.run("apus outbox --json")
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("{") }, "\(text)")
            let status = try #require(try JSON(parsing: String(line)).objectValue)
            #expect(status["device"] == .string(DeliveryTrial.device))
            #expect(status["alarm"] == .null && status["deadLetters"] == 0)
        }
    }
}

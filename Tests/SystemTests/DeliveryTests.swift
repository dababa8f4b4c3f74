import Foundation
internal import JSON
import Testing

@testable import fwtool

extension EnduranceTests {
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

        @Test func boundsAreKept() async throws {
            try await DeliveryTrial.run(
                "beyond the bounds, seed \(Self.seed)", DeliveryStep.beyondBounds, bounds: .small,
                random: Random(state: Self.seed))
        }

        @Test func faultsAtRandom() async throws {
            var left = Self.faults
            var seed = Self.seed
            while left > 0 {
                var random = Random(state: seed)
                let count = min(left, Self.faultsPerDevice)
                // Not with little memory: a device whose damaged files cannot be opened, because the disk is full,
                // soon delivers what is newer (docs/outbox.md, "When the disk fails").
                let isSmall = Bool.random(using: &random)
                let bounds = DeliveryBounds(bytes: isSmall ? DeliveryBounds.small.bytes : nil)
                let steps =
                    isSmall
                    ? DeliveryStep.randomWithPauses(count, using: &random)
                    : DeliveryStep.random(count, using: &random)
                let name = "seed \(seed), \(isSmall ? "a small file, " : "")\(left) faults to go"
                try await DeliveryTrial.run(name, steps, bounds: bounds, random: random)
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

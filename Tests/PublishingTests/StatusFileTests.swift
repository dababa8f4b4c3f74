import Foundation
import JSON
import Testing

@testable import Publishing

struct StatusFileTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("apus-status-\(UUID())").path

    private func rate() throws -> Double? {
        let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
        return try JSON(parsing: bytes).objectValue?["rate"]?.doubleValue
    }

    @Test func theRateFallsToNothingWhenNothingComes() throws {
        defer { unlink(path) }
        var file = StatusFile(path)
        var status = OutboxStatus()
        for second in 0..<20 as Range<Int64> {
            status.accepted = UInt64(second) * 95
            file.update(status, time: nil, brokers: [:], now: second * 1_000_000_000)
        }
        #expect(try rate() == 95)
        for second in 20..<150 as Range<Int64> {
            file.update(status, time: nil, brokers: [:], now: second * 1_000_000_000)
        }
        #expect(try rate() == 0)
        // And then no more is written, until something changes.
        unlink(path)
        for second in 150..<200 as Range<Int64> {
            file.update(status, time: nil, brokers: [:], now: second * 1_000_000_000)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        status.depth = 1
        file.update(status, time: nil, brokers: [:], now: 200_000_000_000)
        #expect(try rate() == 0)
    }
}

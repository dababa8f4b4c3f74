import Foundation
import Testing

@testable import Publishing

struct SequenceFileTests {
    private let place = OutboxPlace()

    private var path: String { place.path("sequence") }

    init() throws {
        try FileManager.default.createDirectory(atPath: place.folder, withIntermediateDirectories: true)
    }

    @Test func theNewestRecordCounts() throws {
        var file = try SequenceFile(path)
        #expect(file.record == nil)
        for number in 1...5 as ClosedRange<UInt64> {
            try file.write(.init(ceiling: number * 10, settled: number))
            #expect(try SequenceFile(path).record == .init(ceiling: number * 10, settled: number))
        }
    }

    @Test func aTornWriteLeavesTheRecordBefore() throws {
        var file = try SequenceFile(path)
        for number in 1...6 as ClosedRange<UInt64> {
            try file.write(.init(ceiling: number, settled: 0))
            let good = place.bytes("sequence")
            for index in good.indices where index % 4096 < 40 || index % 97 == 0 {
                var damaged = good
                damaged[index] ^= 0x10
                try place.write(damaged, to: "sequence")
                let record = try SequenceFile(path).record
                #expect([max(number, 2) - 1, number].contains(record?.ceiling), "byte \(index)")
            }
            try place.write(good, to: "sequence")
        }
    }

    @Test(arguments: [0, 1, 4095, 4096, 4131]) func aCutFileIsNoTrap(_ length: Int) throws {
        var file = try SequenceFile(path)
        try file.write(.init(ceiling: 7, settled: 0))
        try place.write(Array(place.bytes("sequence").prefix(length)), to: "sequence")
        #expect(try SequenceFile(path).record?.ceiling == (length > 36 ? 7 : nil))
    }

    @Test func aFolderInItsPlaceIsAnError() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var file = try SequenceFile(place.path("other"))
        #expect(file.record == nil)
        #expect(throws: SequenceFile.Failure.self) {
            file = try SequenceFile(path)
            try file.write(.init(ceiling: 1, settled: 0))
        }
    }
}

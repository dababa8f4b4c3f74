import Checksum
import Testing

@testable import BootState

struct BootStateTests {
    /// `zlib.crc32` over a text in a block of 508 bytes, computed with Python.
    static let reference = block(
        text: "st_act=a\0st_bad=-\0st_cold=f\0st_left=2\0st_seq=1f\0st_try=b\0st_why=b:app\0\0",
        checksum: 0xE93F_8A50)

    /// A block of this text, zero-filled, under the given checksum or the right one.
    static func block(text: String, checksum: UInt32? = nil) -> [UInt8] {
        var content = Array(text.utf8.prefix(508))
        content += Array(repeating: 0, count: 508 - content.count)
        let checksum = checksum ?? crc32(content)
        return (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) } + content
    }

    static func state(
        _ sequence: UInt32, _ active: Slot = .a, trial: BootState.Trial? = nil, bad: Slot? = nil,
        lastFailure: BootState.Failure? = nil
    ) -> BootState {
        BootState(
            sequence: sequence, active: active, trial: trial, bad: bad, lastFailure: lastFailure, otherVariables: [:])
    }

    @Test func checksumIsZlibs() {
        #expect(crc32(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(crc32([]) == 0)
    }

    @Test func decodesWhatUBootWrites() throws {
        let state = try BootState(decoding: Self.reference)
        #expect(state.sequence == 31)
        #expect(state.active == .a)
        #expect(state.trial == BootState.Trial(of: .b, failuresLeft: 2, startsLeft: 15))
        #expect(state.bad == nil)
        #expect(state.lastFailure == BootState.Failure(of: .b, .app))
        #expect(state.otherVariables.isEmpty)
        #expect(try state.encoded() == Self.reference)
    }

    @Test func initialStateBootsSlotAWithoutTrial() throws {
        let block = try BootState.initial.encoded()
        #expect(block == Self.block(text: "st_act=a\0st_bad=b\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0"))
        #expect(try BootState(decoding: block) == .initial)
    }

    @Test func roundTripsEveryState() throws {
        for active in Slot.allCases {
            for bad in [nil, .a, .b] as [Slot?] {
                for failure in [nil, BootState.Failure(of: .a, .root)] {
                    var trials: [BootState.Trial?] = [nil]
                    for count in 0...BootState.Trial.maximumCount {
                        trials.append(BootState.Trial(of: active.other, failuresLeft: count, startsLeft: 15 - count))
                    }
                    for trial in trials {
                        let state = Self.state(0xFFFF_FFFE, active, trial: trial, bad: bad, lastFailure: failure)
                        #expect(try BootState(decoding: try state.encoded()) == state)
                    }
                }
            }
        }
        #expect(BootState.Trial(of: .a, failuresLeft: 16, startsLeft: 0) == nil)
        #expect(BootState.Trial(of: .a, failuresLeft: 0, startsLeft: 16) == nil)
    }

    @Test func nextCountsUpAndKeepsUnknownVariables() throws {
        let text =
            "aa=\0note=x=y\0st_act=a\0st_bad=b\0st_cold=0\0st_left=0\0st_seq=9\0st_try=-\0st_why=-\0zz=é\0\0"
        let state = try BootState(decoding: Self.block(text: text))
        #expect(state.otherVariables == ["aa": "", "note": "x=y", "zz": "é"])
        let next = try state.startTrial(of: .b)
        let nextText =
            "aa=\0note=x=y\0st_act=a\0st_bad=-\0st_cold=f\0st_left=3\0st_seq=a\0st_try=b\0st_why=-\0zz=é\0\0"
        #expect(try next.encoded() == Self.block(text: nextText))
    }

    @Test func sequenceEndsWithAnError() throws {
        let last = Self.state(.max, trial: BootState.Trial(of: .b))
        #expect(throws: BootStateError.sequenceExhausted) { try last.rollBack(.user) }
    }

    @Test func newerValidCopyWins() throws {
        let old = try Self.state(9).encoded()
        let new = try Self.state(10, .b).encoded()
        let bad = Array(repeating: UInt8(0), count: 512)
        func chosen(_ copy0: [UInt8], _ copy1: [UInt8]) -> [Int?] {
            let choice = BootState.choose(copy0, copy1)
            return [choice?.copy, (choice?.state.sequence).map(Int.init)]
        }
        #expect(chosen(old, new) == [1, 10])
        #expect(chosen(new, old) == [0, 10])
        #expect(chosen(old, old) == [0, 9])
        #expect(chosen(bad, old) == [1, 9])
        #expect(chosen(old, bad) == [0, 9])
        #expect(chosen(old, []) == [0, 9])
        #expect(chosen(bad, bad) == [nil, nil])
    }

    @Test(
        arguments: [
            ("", .missingVariable("st_seq")),
            ("st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_try=-\0st_why=-\0\0", .missingVariable("st_seq")),
            ("st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0", .missingVariable("st_act")),
            ("st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_why=-\0\0", .missingVariable("st_try")),
            ("st_act=a\0st_bad=-\0st_cold=0\0st_seq=1\0st_try=-\0st_why=-\0\0", .missingVariable("st_left")),
            ("st_act=a\0st_bad=-\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0", .missingVariable("st_cold")),
            ("st_act=a\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0", .missingVariable("st_bad")),
            ("st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0\0", .missingVariable("st_why")),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=0\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_seq", value: "0")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_seq", value: "")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=-1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_seq", value: "-1")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=+1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_seq", value: "+1")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1g\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_seq", value: "1g")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=100000000\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_seq", value: "100000000")
            ),
            (
                "st_act=c\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_act", value: "c")
            ),
            (
                "st_act=A\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_act", value: "A")
            ),
            (
                "st_act=-\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_act", value: "-")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=\0st_why=-\0\0",
                .invalidValue(variable: "st_try", value: "")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=a\0st_why=-\0\0",
                .invalidValue(variable: "st_try", value: "a")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=00\0st_seq=1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_left", value: "00")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=-\0st_seq=1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_left", value: "-")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=F\0st_seq=1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_left", value: "F")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_cold", value: "")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=10\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_cold", value: "10")
            ),
            (
                "st_act=a\0st_bad=c\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_bad", value: "c")
            ),
            (
                "st_act=a\0st_bad=\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0",
                .invalidValue(variable: "st_bad", value: "")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=\0\0",
                .invalidValue(variable: "st_why", value: "")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=b\0\0",
                .invalidValue(variable: "st_why", value: "b")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=c:app\0\0",
                .invalidValue(variable: "st_why", value: "c:app")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=b:\0\0",
                .invalidValue(variable: "st_why", value: "b:")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=b:App\0\0",
                .invalidValue(variable: "st_why", value: "b:App")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=b:a b\0\0",
                .invalidValue(variable: "st_why", value: "b:a b")
            ),
            (
                "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=b:aaaaaaaaaaaaaaaaa\0\0",
                .invalidValue(variable: "st_why", value: "b:aaaaaaaaaaaaaaaaa")
            ),
            ("st_act=a\0st_act=b\0st_left=0\0st_seq=1\0st_try=-\0\0", .duplicateVariable("st_act")),
            ("st_act=a\0nonsense\0\0", .malformedText),
            ("=a\0\0", .malformedText),
            (String(repeating: "x", count: 508), .malformedText),
            ("a=" + String(repeating: "x", count: 505) + "\0", .malformedText),
        ] as [(String, BootStateError)])
    func refusesBlocks(text: String, error: BootStateError) {
        #expect(throws: error) { try BootState(decoding: Self.block(text: text)) }
    }

    @Test func refusesTextThatIsNotUTF8() {
        var content: [UInt8] = [0x61, 0x3D, 0xFF, 0, 0]
        content += Array(repeating: 0, count: 508 - content.count)
        let checksum = crc32(content)
        let block = (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) } + content
        #expect(throws: BootStateError.malformedText) { try BootState(decoding: block) }
    }

    @Test func everyFlippedBitIsDetected() {
        for index in Self.reference.indices {
            for bit in 0..<8 {
                var damaged = Self.reference
                damaged[index] ^= 1 << bit
                #expect(throws: BootStateError.self) { try BootState(decoding: damaged) }
            }
        }
    }

    @Test(arguments: [0, 1, 511, 513, 4096])
    func refusesOtherLengths(count: Int) {
        #expect(throws: BootStateError.wrongLength(count)) {
            try BootState(decoding: Array(repeating: 0, count: count))
        }
    }

    @Test func refusesToWriteMoreThanTheBlockHolds() throws {
        let used =
            "st_act=a\0st_bad=-\0st_cold=0\0st_left=0\0st_seq=1\0st_try=-\0st_why=-\0\0".utf8.count + "x=\0".utf8.count
        func state(padding: Int) -> BootState {
            BootState(
                sequence: 1, active: .a, trial: nil, bad: nil, lastFailure: nil,
                otherVariables: ["x": String(repeating: "y", count: padding)])
        }
        #expect(try state(padding: 508 - used).encoded().count == 512)
        #expect(throws: BootStateError.tooLarge(bytes: 509)) { try state(padding: 509 - used).encoded() }
        // A block that is full to the last byte reads back.
        let full = state(padding: 508 - used)
        #expect(try BootState(decoding: try full.encoded()) == full)
    }
}

import Testing

@testable import BootState

struct BootStateTests {
    /// `zlib.crc32` over `st_act=a`, `st_left=1`, `st_seq=1f`, `st_try=b` in a block of 508 bytes, computed with Python.
    static let reference = block(text: "st_act=a\0st_left=1\0st_seq=1f\0st_try=b\0\0", checksum: 0x111E_5E64)

    /// A block of this text, zero-filled, under the given checksum or the right one.
    static func block(text: String, checksum: UInt32? = nil) -> [UInt8] {
        var content = Array(text.utf8.prefix(508))
        content += Array(repeating: 0, count: 508 - content.count)
        let checksum = checksum ?? crc32(content)
        return (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) } + content
    }

    static func state(_ sequence: UInt32, _ active: Slot = .a, trial: BootState.Trial? = nil) throws -> BootState {
        let trialSlot = trial?.slot.rawValue ?? "-"
        let left = String(trial?.triesLeft ?? 0, radix: 16)
        return try BootState(
            decoding: block(
                text:
                    "st_act=\(active.rawValue)\0st_left=\(left)\0st_seq=\(String(sequence, radix: 16))\0st_try=\(trialSlot)\0\0"
            )
        )
    }

    @Test func checksumIsZlibs() {
        #expect(crc32(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(crc32([]) == 0)
    }

    @Test func decodesWhatUBootWrites() throws {
        let state = try BootState(decoding: Self.reference)
        #expect(state.sequence == 31)
        #expect(state.active == .a)
        #expect(state.trial == BootState.Trial(of: .b, triesLeft: 1))
        #expect(state.otherVariables.isEmpty)
        #expect(try state.encoded() == Self.reference)
    }

    @Test func initialStateBootsSlotAWithoutTrial() throws {
        let block = try BootState.initial.encoded()
        #expect(block == Self.block(text: "st_act=a\0st_left=0\0st_seq=1\0st_try=-\0\0"))
        #expect(try BootState(decoding: block) == .initial)
    }

    @Test func roundTripsEveryState() throws {
        for active in Slot.allCases {
            for slot in Slot.allCases {
                for tries in 0...BootState.Trial.maximumTries {
                    let trial = try #require(BootState.Trial(of: slot, triesLeft: tries))
                    let state = try Self.state(0xFFFF_FFFE, active, trial: trial)
                    #expect(try BootState(decoding: try state.encoded()) == state)
                }
            }
        }
        #expect(BootState.Trial(of: .a, triesLeft: 16) == nil)
    }

    @Test func nextCountsUpAndKeepsUnknownVariables() throws {
        let text = "aa=\0note=x=y\0st_act=a\0st_left=0\0st_seq=9\0st_try=-\0zz=é\0\0"
        let state = try BootState(decoding: Self.block(text: text))
        #expect(state.otherVariables == ["aa": "", "note": "x=y", "zz": "é"])
        let next = try state.next(active: .b, trial: nil)
        #expect(
            try next.encoded() == Self.block(text: "aa=\0note=x=y\0st_act=b\0st_left=0\0st_seq=a\0st_try=-\0zz=é\0\0"))
    }

    @Test func sequenceEndsWithAnError() throws {
        let last = try Self.state(.max)
        #expect(throws: BootStateError.sequenceExhausted) { try last.next(active: .a, trial: nil) }
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
            ("st_act=a\0st_left=0\0st_try=-\0\0", .missingVariable("st_seq")),
            ("st_left=0\0st_seq=1\0st_try=-\0\0", .missingVariable("st_act")),
            ("st_act=a\0st_left=0\0st_seq=1\0\0", .missingVariable("st_try")),
            ("st_act=a\0st_seq=1\0st_try=-\0\0", .missingVariable("st_left")),
            ("st_act=a\0st_left=0\0st_seq=0\0st_try=-\0\0", .invalidValue(variable: "st_seq", value: "0")),
            ("st_act=a\0st_left=0\0st_seq=\0st_try=-\0\0", .invalidValue(variable: "st_seq", value: "")),
            ("st_act=a\0st_left=0\0st_seq=-1\0st_try=-\0\0", .invalidValue(variable: "st_seq", value: "-1")),
            ("st_act=a\0st_left=0\0st_seq=+1\0st_try=-\0\0", .invalidValue(variable: "st_seq", value: "+1")),
            ("st_act=a\0st_left=0\0st_seq=1g\0st_try=-\0\0", .invalidValue(variable: "st_seq", value: "1g")),
            (
                "st_act=a\0st_left=0\0st_seq=100000000\0st_try=-\0\0",
                .invalidValue(variable: "st_seq", value: "100000000")
            ),
            ("st_act=c\0st_left=0\0st_seq=1\0st_try=-\0\0", .invalidValue(variable: "st_act", value: "c")),
            ("st_act=A\0st_left=0\0st_seq=1\0st_try=-\0\0", .invalidValue(variable: "st_act", value: "A")),
            ("st_act=a\0st_left=0\0st_seq=1\0st_try=\0\0", .invalidValue(variable: "st_try", value: "")),
            ("st_act=a\0st_left=00\0st_seq=1\0st_try=b\0\0", .invalidValue(variable: "st_left", value: "00")),
            ("st_act=a\0st_left=-\0st_seq=1\0st_try=b\0\0", .invalidValue(variable: "st_left", value: "-")),
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
        let used = "st_act=a\0st_left=0\0st_seq=1\0st_try=-\0\0".utf8.count + "x=\0".utf8.count
        func state(padding: Int) -> BootState {
            BootState(
                sequence: 1, active: .a, trial: nil, otherVariables: ["x": String(repeating: "y", count: padding)])
        }
        #expect(try state(padding: 508 - used).encoded().count == 512)
        #expect(throws: BootStateError.tooLarge(bytes: 509)) { try state(padding: 509 - used).encoded() }
        // A block that is full to the last byte reads back.
        let full = state(padding: 508 - used)
        #expect(try BootState(decoding: try full.encoded()) == full)
    }
}

import Testing

@testable import Hardware

/// How bytes become frames, whatever comes.
struct FrameAssemblerTests {
    /// A packet as the tests have it: 0xA5 0x5A, the length of the whole, its bytes, and their sum.
    private static let packets = SerialFraming.packet(start: [0xA5, 0x5A], headerLength: 3, maximum: 16) {
        Int($0[2])
    } isValid: { packet in
        packet.dropLast().reduce(0, &+) == packet.last
    }

    private static func packet(_ content: [UInt8]) -> [UInt8] {
        let start = [0xA5, 0x5A, UInt8(content.count + 4)] + content
        return start + [start.reduce(0, &+)]
    }

    /// The frames of the bytes given in pieces of one size.
    private func frames(_ framing: SerialFraming, _ bytes: [UInt8], inPiecesOf size: Int = 1) -> [[UInt8]] {
        var assembler = FrameAssembler(framing)
        var frames: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            frames += assembler.append(rest.prefix(size), at: 0)
            rest = rest.dropFirst(size)
        }
        return frames
    }

    private func text(_ frames: [[UInt8]]) -> [String] { frames.map { String(decoding: $0, as: UTF8.self) } }

    /// Memory is bounded: one byte more than a line is kept, for it may be a CR.
    @Test func aLineThatIsTooLongIsGivenUpAtOnce() {
        var assembler = FrameAssembler(.line(maximum: 20, isFirstWhole: true))
        #expect(assembler.append([UInt8](repeating: 65, count: 21), at: 0) == [])
        #expect(assembler.discardedBytes == 0)
        #expect(assembler.append([65], at: 0) == [])
        #expect(assembler.discardedBytes == 22)
        #expect(text(assembler.append(Array("A\nnext\n".utf8), at: 0)) == ["next"])
    }

    @Test(arguments: [1, 2, 3, 7, 100]) func linesEndInLFOrCRLF(piece: Int) {
        let bytes = Array("alf a line\r\nfirst\r\nsecond\n\r\n\nthird\r\nfou".utf8)
        #expect(text(frames(.line(maximum: 20), bytes, inPiecesOf: piece)) == ["first", "second", "third"])
        #expect(
            text(frames(.line(maximum: 20, isFirstWhole: true), bytes, inPiecesOf: piece))
                == ["alf a line", "first", "second", "third"])
    }

    @Test(arguments: [1, 100]) func aLineThatIsTooLongIsDiscardedAlone(piece: Int) {
        let framing = SerialFraming.line(maximum: 5, isFirstWhole: true)
        let bytes = Array("12345\r\n123456\r\n123456\n1234567890\nabc\r\n".utf8)
        #expect(text(frames(framing, bytes, inPiecesOf: piece)) == ["12345", "abc"])
    }

    @Test func anEndlessLineTakesNoMemoryAndIsCounted() {
        var assembler = FrameAssembler(.line(maximum: 80, isFirstWhole: true))
        for _ in 0..<1000 { #expect(assembler.append([UInt8](repeating: 0x55, count: 1000), at: 0).isEmpty) }
        #expect(assembler.discardedBytes == 1_000_000)
        #expect(text(assembler.append(Array("x\nend\n".utf8), at: 0)) == ["end"])
    }

    @Test(arguments: [1, 4, 100]) func everySoManyBytes(piece: Int) {
        #expect(frames(.length(3), Array(1...8), inPiecesOf: piece) == [[1, 2, 3], [4, 5, 6]])
    }

    @Test func aPauseEndsAFrame() {
        var assembler = FrameAssembler(.idle(.milliseconds(20), maximum: 5, isFirstWhole: true))
        #expect(assembler.awaitedPause == nil, "nothing has come")
        #expect(assembler.endByPause() == nil)
        #expect(assembler.append([1, 2], at: 1_000_000_000).isEmpty)
        #expect(assembler.awaitedPause == 20_000_000)
        #expect(assembler.append([3], at: 1_019_999_999).isEmpty, "no pause yet")
        #expect(assembler.append([4], at: 1_039_999_999) == [[1, 2, 3]], "told by the time of what comes next")
        #expect(assembler.endByPause() == [4])
        #expect(assembler.awaitedPause == nil)
        // Too long: nothing of it, up to the next pause.
        #expect(assembler.append([1, 2, 3, 4, 5, 6], at: 2_000_000_000).isEmpty)
        #expect(assembler.append([7], at: 2_000_000_001).isEmpty)
        #expect(assembler.awaitedPause == 20_000_000)
        #expect(assembler.endByPause() == nil)
        #expect(assembler.append([8], at: 2_000_000_002).isEmpty)
        #expect(assembler.endByPause() == [8])
        #expect(assembler.discardedBytes == 7)
    }

    @Test func theEndOfAFrameIsNoFrame() {
        let framing = SerialFraming.idle(.milliseconds(20), maximum: 5)
        var torn = FrameAssembler(framing)
        #expect(torn.awaitedPause == 20_000_000)
        #expect(torn.append([1, 2], at: 1_019_999_999).isEmpty)
        #expect(torn.endByPause() == nil)
        #expect(torn.append([3], at: 1_050_000_000).isEmpty)
        #expect(torn.endByPause() == [3])
        #expect(torn.discardedBytes == 2)
        // Told by the time of what comes, or by the pause.
        var late = FrameAssembler(framing)
        #expect(late.append([1], at: 1_000_000_000).isEmpty)
        #expect(late.append([2], at: 1_020_000_000).isEmpty)
        #expect(late.endByPause() == [2])
        var paused = FrameAssembler(framing)
        #expect(paused.endByPause() == nil)
        #expect(paused.append([1], at: 1_000_000_001).isEmpty)
        #expect(paused.endByPause() == [1])
    }

    @Test(arguments: [1, 2, 5, 100]) func packetsAreFoundBetweenGarbage(piece: Int) {
        let first = Self.packet([1, 2, 3])
        let second = Self.packet([])
        let bytes = [0, 0xA5, 1] + first + [0xA5] + second + [0x5A, 0xA5]
        #expect(frames(Self.packets, bytes, inPiecesOf: piece) == [first, second])
    }

    @Test(arguments: [1, 100]) func aLostByteCostsItsOwnPacketOnly(piece: Int) {
        let packet = Self.packet([1, 2, 3, 4])
        for lost in packet.indices {
            var damaged = packet
            damaged.remove(at: lost)
            let frames = frames(Self.packets, damaged + packet + packet, inPiecesOf: piece)
            #expect(frames == [packet, packet], "without byte \(lost)")
        }
    }

    @Test(arguments: [0, 1, 2, 17, 255] as [UInt8]) func lengthsNoPacketHasAreGarbage(length: UInt8) {
        let packet = Self.packet([9])
        let bytes = [0xA5, 0x5A, length] + packet
        #expect(frames(Self.packets, bytes, inPiecesOf: bytes.count) == [packet])
    }

    @Test func nothingButStartMarksIsBounded() {
        var assembler = FrameAssembler(Self.packets)
        let marks = [UInt8](repeating: 0, count: 900).indices.map { [0xA5, 0x5A, 0x10][$0 % 3] as UInt8 }
        for _ in 0..<100 { #expect(assembler.append(marks, at: 0).isEmpty) }
        #expect(assembler.discardedBytes > 90_000 - 32)
    }

    @Test func sizesNoFramingCanHaveAreBroughtIntoRange() {
        #expect(frames(.length(-5), [1, 2]) == [[1], [2]])
        #expect(frames(.line(maximum: .min, isFirstWhole: true), Array("ab\nc\n".utf8)) == [[UInt8(ascii: "c")]])
        #expect(SerialFraming.idle(.seconds(-1), maximum: .max).maximum == SerialFraming.limit)
        let mad = SerialFraming.packet(start: [], headerLength: .min, maximum: 4) { _ in
            .max
        } isValid: { _ in
            true
        }
        #expect(frames(mad, [1, 2, 3]).isEmpty)
        var assembler = FrameAssembler(.idle(.seconds(Int64.max), maximum: 4))
        #expect(assembler.append([1], at: .max).isEmpty)
        #expect(assembler.awaitedPause == .max)
    }
}

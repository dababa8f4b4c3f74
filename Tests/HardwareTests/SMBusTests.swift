import Synchronization
import Testing

@testable import Hardware

@Suite(.timeLimit(.minutes(10)))
struct SMBusTests {
    /// Keeps what was written, and answers what it was told to.
    private final class Tape: SimulatedI2CDevice {
        let written = Mutex<[[UInt8]]>([])
        let answer = Mutex<[UInt8]>([])

        func write(_ bytes: [UInt8]) { written.withLock { $0.append(bytes) } }
        func read(_ count: Int) -> [UInt8] { answer.withLock { Array($0.prefix(count)) } }
    }

    private let simulated = SimulatedI2C()
    private let tape = Tape()

    private func device(_ usesPacketErrorCode: Bool = false) throws -> SMBusDevice {
        simulated.attach(tape, at: 0x2C)
        return SMBusDevice(
            on: try I2CBus(simulated: simulated, name: "i2c-1"), address: 0x2C, usesPacketErrorCode: usesPacketErrorCode
        )
    }

    private func written() -> [[UInt8]] { tape.written.withLock { $0 } }
    private func answers(_ bytes: [UInt8]) { tape.answer.withLock { $0 = bytes } }

    /// The check value of CRC-8/SMBUS in Greg Cook's catalogue of CRC algorithms: of the text "123456789" it is 0xF4.
    @Test func theChecksumIsTheCataloguedOne() {
        var code = PacketErrorCode()
        for byte in "123456789".utf8 { code.add(byte) }
        #expect(code.value == 0xF4)
    }

    @Test func commandsAreWrittenAsTheSpecificationHasThem() async throws {
        let device = try device()
        try await device.quick()
        try await device.send(0x11)
        try await device.writeByte(0x22, command: 0x01)
        try await device.writeWord(0x3344, command: 0x02)
        try await device.writeBlock([5, 6, 7], command: 0x03)
        answers([0x78, 0x56])
        #expect(try await device.call(0x1234, command: 0x04) == 0x5678)
        #expect(
            written() == [[0x11], [0x01, 0x22], [0x02, 0x44, 0x33], [0x03, 3, 5, 6, 7], [0x04, 0x34, 0x12]])
    }

    @Test func answersAreRead() async throws {
        let device = try device()
        answers([0xAB, 0xCD])
        #expect(try await device.receive() == 0xAB)
        #expect(try await device.readByte(command: 1) == 0xAB)
        #expect(try await device.readWord(command: 2) == 0xCDAB)
        answers([3, 9, 8, 7, 0xFF])
        #expect(try await device.readBlock(command: 3) == [9, 8, 7])
        #expect(written() == [[1], [2], [3]])
    }

    /// The bytes on the wire, addresses included, give the code; computed here by long division, not by the code's own way.
    @Test func packetErrorCodesGuardTheWholeCommand() async throws {
        let device = try device(true)
        try await device.writeWord(0x3344, command: 0x02)
        #expect(written() == [[0x02, 0x44, 0x33, Self.remainder([0x58, 0x02, 0x44, 0x33])]])
        answers([0xCD, 0xAB, Self.remainder([0x58, 0x05, 0x59, 0xCD, 0xAB])])
        #expect(try await device.readWord(command: 0x05) == 0xABCD)
        answers([0x42, Self.remainder([0x59, 0x42])])
        #expect(try await device.receive() == 0x42)
        answers([2, 8, 9, Self.remainder([0x58, 0x06, 0x59, 2, 8, 9]), 0xFF])
        #expect(try await device.readBlock(command: 0x06) == [8, 9])
    }

    @Test(arguments: 0..<24) func aBitThatFlipsIsNoticed(position: Int) async throws {
        let device = try device(true)
        let code = Self.remainder([0x58, 0x05, 0x59, 0xCD, 0xAB])
        answers([0xCD, 0xAB, code])
        simulated.script([.bitError(byte: position / 8, bit: position % 8)], at: 0x2C)
        let error = await #expect(throws: I2CError.self) { try await device.readWord(command: 0x05) }
        guard case .badChecksum("i2c-1", 0x2C, _, _) = error else {
            Issue.record("not a bad checksum: \(String(describing: error))")
            return
        }
        #expect(try await device.readWord(command: 0x05) == 0xABCD)
    }

    @Test(arguments: 0..<32) func aBitThatFlipsInABlockIsNoticed(position: Int) async throws {
        let device = try device(true)
        answers([2, 8, 9, Self.remainder([0x58, 0x06, 0x59, 2, 8, 9]), 0xFF])
        simulated.script([.bitError(byte: position / 8, bit: position % 8)], at: 0x2C)
        // A length that cannot be is noticed before.
        await #expect(throws: I2CError.self) { try await device.readBlock(command: 0x06) }
        #expect(try await device.readBlock(command: 0x06) == [8, 9])
    }

    @Test(arguments: [false, true]) func aShortAnswerIsNoticed(usesCode: Bool) async throws {
        let device = try device(usesCode)
        answers([1, 2, 3])
        let commands: [(asked: Int, run: @Sendable (SMBusDevice) async throws -> Void)] = [
            (1, { _ = try await $0.receive() }), (1, { _ = try await $0.readByte(command: 1) }),
            (2, { _ = try await $0.readWord(command: 2) }), (2, { _ = try await $0.call(7, command: 3) }),
            (33, { _ = try await $0.readBlock(command: 4) }),
        ]
        for command in commands {
            let asked = command.asked + (usesCode ? 1 : 0)
            for count in [0, asked - 1] {
                simulated.script([.shortRead(count)], at: 0x2C)
                let error = I2CError.shortAnswer(bus: "i2c-1", address: 0x2C, expected: asked, received: count)
                await #expect(throws: error) { try await command.run(device) }
            }
        }
    }

    @Test(arguments: [0, 33, 255]) func blocksOfImpossibleLengthAreRefused(length: Int) async throws {
        for usesCode in [false, true] {
            let device = try device(usesCode)
            answers([UInt8(length)])
            await #expect(throws: I2CError.invalidBlock(bus: "i2c-1", address: 0x2C, length: length)) {
                try await device.readBlock(command: 3)
            }
            await #expect(throws: I2CError.invalidBlock(bus: "i2c-1", address: 0x2C, length: length)) {
                try await device.writeBlock([UInt8](repeating: 0, count: length), command: 3)
            }
        }
    }

    private static func remainder(_ bytes: [UInt8]) -> UInt8 {
        var bits = bytes.flatMap { byte in (0..<8).reversed().map { byte >> $0 & 1 } } + [UInt8](repeating: 0, count: 8)
        for index in 0..<(bits.count - 8) where bits[index] == 1 {
            for (offset, bit) in [1, 0, 0, 0, 0, 0, 1, 1, 1].enumerated() { bits[index + offset] ^= UInt8(bit) }
        }
        return bits.suffix(8).reduce(0) { $0 << 1 | $1 }
    }
}

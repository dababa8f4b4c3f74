/// A device that is spoken to by SMBus commands (System Management Bus Specification 3.3, section 6.5).
///
/// The commands are made of plain transactions, so every I2C adapter can do them, packet error codes included.
/// All throw ``I2CError``.
public struct SMBusDevice: Sendable {
    public let bus: I2CBus
    public let address: I2CAddress

    /// Whether every command carries a packet error code (section 5.4), which the device must know and which guards all
    /// bytes of the command, the address included.
    public let usesPacketErrorCode: Bool

    public init(on bus: I2CBus, address: I2CAddress, usesPacketErrorCode: Bool = false) {
        self.bus = bus
        self.address = address
        self.usesPacketErrorCode = usesPacketErrorCode
    }

    /// The most bytes of a block (section 6.5.7).
    public static let maximumBlock = 32

    /// The address alone: what "quick command" with the write bit means is the device's matter.
    public func quick() async throws(I2CError) {
        try await bus.probe(address)
    }

    /// Sends one byte without a command.
    public func send(_ byte: UInt8) async throws(I2CError) {
        try await write([byte])
    }

    /// Receives one byte without a command.
    public func receive() async throws(I2CError) -> UInt8 {
        let answer = try await transfer([], reading: 1)
        return answer[0]
    }

    public func writeByte(_ byte: UInt8, command: UInt8) async throws(I2CError) {
        try await write([command, byte])
    }

    public func readByte(command: UInt8) async throws(I2CError) -> UInt8 {
        try await transfer([command], reading: 1)[0]
    }

    /// Low byte first, as SMBus has it.
    public func writeWord(_ word: UInt16, command: UInt8) async throws(I2CError) {
        try await write([command, UInt8(truncatingIfNeeded: word), UInt8(word >> 8)])
    }

    /// Low byte first, as SMBus has it.
    public func readWord(command: UInt8) async throws(I2CError) -> UInt16 {
        Self.word(try await transfer([command], reading: 2))
    }

    /// Writes a word and reads one back in the same transaction.
    public func call(_ word: UInt16, command: UInt8) async throws(I2CError) -> UInt16 {
        Self.word(try await transfer([command, UInt8(truncatingIfNeeded: word), UInt8(word >> 8)], reading: 2))
    }

    /// - Parameter bytes: 1 to ``maximumBlock``.
    public func writeBlock(_ bytes: [UInt8], command: UInt8) async throws(I2CError) {
        try checkBlock(bytes.count)
        try await write([command, UInt8(bytes.count)] + bytes)
    }

    /// Reads a block whose length the device announces.
    ///
    /// The adapter cannot stop at a length it learns on the way, so the longest possible block is read; SMBus devices send
    /// 0xFF behind the end.
    /// - Returns: 1 to ``maximumBlock`` bytes.
    public func readBlock(command: UInt8) async throws(I2CError) -> [UInt8] {
        let checksumLength = usesPacketErrorCode ? 1 : 0
        let total = 1 + Self.maximumBlock + checksumLength
        let answer = try await bus.write([command], thenRead: total, at: address)
        try checkLength(of: answer, total)
        let count = Int(answer[0])
        try checkBlock(count)
        if usesPacketErrorCode {
            var code = PacketErrorCode(writingTo: address)
            code.add(command)
            code.addReadAddress(address)
            for byte in answer[...count] { code.add(byte) }
            try check(answer[count + 1], code)
        }
        return Array(answer[1...count])
    }

    private func write(_ bytes: [UInt8]) async throws(I2CError) {
        guard usesPacketErrorCode else { return try await bus.write(bytes, to: address) }
        var code = PacketErrorCode(writingTo: address)
        for byte in bytes { code.add(byte) }
        try await bus.write(bytes + [code.value], to: address)
    }

    private func transfer(_ bytes: [UInt8], reading count: Int) async throws(I2CError) -> [UInt8] {
        let total = usesPacketErrorCode ? count + 1 : count
        var answer =
            bytes.isEmpty
            ? try await bus.read(total, from: address) : try await bus.write(bytes, thenRead: total, at: address)
        try checkLength(of: answer, total)
        guard usesPacketErrorCode, let received = answer.popLast() else { return answer }
        var code = bytes.isEmpty ? PacketErrorCode() : PacketErrorCode(writingTo: address)
        for byte in bytes { code.add(byte) }
        code.addReadAddress(address)
        for byte in answer { code.add(byte) }
        try check(received, code)
        return answer
    }

    private func check(_ received: UInt8, _ code: PacketErrorCode) throws(I2CError) {
        guard received == code.value else {
            throw .badChecksum(bus: bus.name, address: address, expected: code.value, received: received)
        }
    }

    private func checkLength(of answer: [UInt8], _ expected: Int) throws(I2CError) {
        guard answer.count == expected else {
            throw .shortAnswer(bus: bus.name, address: address, expected: expected, received: answer.count)
        }
    }

    private func checkBlock(_ count: Int) throws(I2CError) {
        guard (1...Self.maximumBlock).contains(count) else {
            throw .invalidBlock(bus: bus.name, address: address, length: count)
        }
    }

    private static func word(_ bytes: [UInt8]) -> UInt16 {
        UInt16(bytes[1]) << 8 | UInt16(bytes[0])
    }
}

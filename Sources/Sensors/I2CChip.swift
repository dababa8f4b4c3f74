public import Hardware
internal import Supervision

/// A chip on an open I2C bus: what drivers share.
///
/// A driver makes it in its `open()`, which is where it identifies and configures the chip, and uses it in `sample`.
public struct I2CChip: Sendable {
    /// Chip and place as errors tell them, such as "SHT4x at 0x44 on i2c-1".
    public let name: String

    public let bus: I2CBus

    public let address: I2CAddress

    private let timeline: Timeline
    private var settledAt = Duration.zero

    /// - Parameters:
    ///   - type: the chip's name in its datasheet.
    ///   - address: where it is.
    ///   - port: the bus, which is opened.
    ///   - clock: the clock of ``pause(_:)``.
    /// - Throws: what `I2CPort.open()` throws.
    public init(
        _ type: String, at address: I2CAddress, on port: I2CPort, clock: any Clock<Duration> = ContinuousClock()
    ) throws {
        bus = try port.open()
        name = "\(type) at \(address) on \(bus.name)"
        self.address = address
        timeline = Timeline(clock)
    }

    /// Reads a register, or several with consecutive numbers, in one transaction.
    /// - Parameter count: how many bytes, at least 1.
    /// - Returns: exactly as many.
    /// - Throws: `I2CError`, ``SensorError/shortAnswer(sensor:expected:found:)``.
    public func read(_ register: UInt8, _ count: Int) async throws -> [UInt8] {
        try check(try await bus.write([register], thenRead: count, at: address), count)
    }

    /// Reads from where the chip stands, without naming a register.
    /// - Returns: exactly `count` bytes.
    /// - Throws: `I2CError`, ``SensorError/shortAnswer(sensor:expected:found:)``.
    public func read(_ count: Int) async throws -> [UInt8] {
        try check(try await bus.read(count, from: address), count)
    }

    /// Reads a register of one byte.
    public func read8(_ register: UInt8) async throws -> UInt8 {
        try await read(register, 1)[0]
    }

    /// Reads a register of two bytes, the upper one first.
    public func read16(_ register: UInt8) async throws -> UInt16 {
        try await read(register, 2).bigEndian(0)
    }

    /// Reads a register of two bytes, the lower one first.
    public func read16LittleEndian(_ register: UInt8) async throws -> UInt16 {
        try await read(register, 2).littleEndian(0)
    }

    /// Writes a register, or several with consecutive numbers, in one transaction.
    public func write(_ register: UInt8, _ bytes: UInt8...) async throws {
        try await send([register] + bytes)
    }

    /// Writes a register of two bytes, the upper one first.
    public func write16(_ register: UInt8, _ value: UInt16) async throws {
        try await send([register, UInt8(value >> 8), UInt8(value & 0xFF)])
    }

    /// Writes a register of two bytes, the lower one first.
    public func write16LittleEndian(_ register: UInt8, _ value: UInt16) async throws {
        try await send([register, UInt8(value & 0xFF), UInt8(value >> 8)])
    }

    /// Sends bytes, such as a command.
    public func send(_ bytes: [UInt8]) async throws {
        try await bus.write(bytes, to: address)
    }

    /// - Parameters:
    ///   - register: what the chip says of itself, one byte.
    ///   - accepted: what it may say.
    ///   - what: what errors call it.
    /// - Returns: what it said.
    /// - Throws: ``SensorError/wrongChip(sensor:what:expected:found:)``, `I2CError`.
    @discardableResult
    public func identify(_ register: UInt8, as accepted: [UInt8], what: String = "chip id") async throws -> UInt8 {
        let found = try await read8(register)
        guard accepted.contains(found) else {
            throw wrongChip(what, accepted.map { hexadecimal($0) }.joined(separator: " or "), hexadecimal(found))
        }
        return found
    }

    /// As ``identify(_:as:what:)`` for a register of two bytes, the upper one first.
    public func identify16(_ register: UInt8, as accepted: UInt16, what: String) async throws {
        let found = try await read16(register)
        guard found == accepted else { throw wrongChip(what, hexadecimal(accepted), hexadecimal(found)) }
    }

    /// Lets time pass for the chip.
    /// - Throws: `CancellationError` when the task is cancelled.
    public func pause(_ duration: Duration) async throws {
        try await timeline.sleep(until: timeline.now + duration)
    }

    /// The chip, which has nothing new to say before so much time has passed.
    ///
    /// Better than a pause in `open()`, for which the sensors that start after this one would wait.
    public func settling(for duration: Duration) -> I2CChip {
        var chip = self
        chip.settledAt = timeline.now + duration
        return chip
    }

    /// Waits until the chip has settled (``settling(for:)``).
    /// - Throws: `CancellationError` when the task is cancelled.
    public func settled() async throws {
        if timeline.now < settledAt { try await timeline.sleep(until: settledAt) }
    }

    /// Asks again and again, with pauses between, until the answer is yes.
    /// - Parameters:
    ///   - what: what errors say was not ready.
    ///   - interval: the pause after each no.
    ///   - attempts: how often to ask at most.
    /// - Throws: ``SensorError/notReady(sensor:what:waited:)``, and what `isReady` throws.
    public func wait(
        for what: String, every interval: Duration, attempts: Int, until isReady: () async throws -> Bool
    ) async throws {
        for _ in 0..<attempts {
            if try await isReady() { return }
            try await pause(interval)
        }
        throw SensorError.notReady(sensor: name, what: what, waited: interval * attempts)
    }

    func wrongChip(_ what: String, _ expected: String, _ found: String) -> SensorError {
        .wrongChip(sensor: name, what: what, expected: expected, found: found)
    }

    func fault(_ what: String, hint: String) -> SensorError {
        .fault(sensor: name, what: what, hint: hint)
    }

    private func check(_ bytes: [UInt8], _ count: Int) throws(SensorError) -> [UInt8] {
        guard bytes.count == count else { throw .shortAnswer(sensor: name, expected: count, found: bytes.count) }
        return bytes
    }
}

extension [UInt8] {
    /// Two bytes, the upper one first. They must be there.
    func bigEndian(_ offset: Int) -> UInt16 { UInt16(self[offset]) << 8 | UInt16(self[offset + 1]) }

    /// Two bytes, the lower one first. They must be there.
    func littleEndian(_ offset: Int) -> UInt16 { UInt16(self[offset + 1]) << 8 | UInt16(self[offset]) }
}

extension BinaryInteger {
    /// The lower bits as a number in two's complement.
    func signed(bits: Int) -> Int {
        let unused = Int.bitWidth - bits
        return (Int(truncatingIfNeeded: self) << unused) >> unused
    }
}

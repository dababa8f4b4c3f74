public import Hardware

/// Microchip (Atmel) AT24C01 through AT24C512 and their copies: a small memory that keeps its content without power
/// (datasheets AT24C01D/02D DS20006112, AT24C04D/08D DS20006127, AT24C16D DS20005858, AT24C32D/64D, AT24C128C/256C,
/// AT24C512C).
///
/// It is a store and no sensor: ``open()`` it and use what comes.
public struct AT24C: Sendable {
    /// The number in the chip's name: how many kilobits it has.
    public enum Size: Int, Sendable, Hashable {
        case c01 = 1
        case c02 = 2
        case c04 = 4
        case c08 = 8
        case c16 = 16
        case c32 = 32
        case c64 = 64
        case c128 = 128
        case c256 = 256
        case c512 = 512

        /// In bytes.
        public var capacity: Int { rawValue * 128 }

        /// How many bytes are written at once: what is beyond would go to the page's beginning. Of the older copies of each
        /// size, the smallest.
        var page: Int {
            switch self {
            case .c01, .c02: 8
            case .c04, .c08, .c16: 16
            case .c32, .c64: 32
            case .c128, .c256: 64
            case .c512: 128
            }
        }

        /// Bytes of a place in the memory; the small ones put what does not fit into one into the chip's address.
        var places: Int { self.rawValue <= 16 ? 1 : 2 }
    }

    /// An open chip.
    public struct Memory: Sendable {
        /// In bytes.
        public let capacity: Int
        let size: Size
        /// One for each 256 bytes of a small memory, which the chip answers for at addresses of their own.
        let chips: [I2CChip]
    }

    private let port: I2CPort
    private let address: I2CAddress
    private let size: Size
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x50 through 0x57, as its pins are wired. An AT24C04 takes the next one, too, an AT24C08 four of them
    ///     and an AT24C16 all.
    ///   - size: which of them it is; the chip does not say it.
    ///   - clock: the clock of the waits for the chip.
    public init(
        on port: I2CPort, address: I2CAddress = 0x50, size: Size, clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.port = port
        self.address = address
        self.size = size
        self.clock = clock
    }

    /// - Throws: what `I2CPort.open()` throws; `I2CError` when nothing answers or the addresses are not a memory's.
    public func open() async throws -> Memory {
        let blocks = size.places == 1 ? max(size.capacity / 256, 1) : 1
        var chips: [I2CChip] = []
        for block in 0..<blocks {
            let address = try I2CAddress(Int(address.rawValue) + block)
            chips.append(try I2CChip("AT24C", at: address, on: port, clock: clock))
        }
        let memory = Memory(capacity: size.capacity, size: size, chips: chips)
        _ = try await memory.read(1, at: 0)
        return memory
    }
}

extension AT24C.Memory {
    /// - Parameters:
    ///   - count: how many bytes.
    ///   - place: the first of them, from 0.
    /// - Throws: `I2CError`, ``SensorError/shortAnswer(sensor:expected:found:)``,
    ///   ``SensorError/invalidArgument(sensor:what:)`` beyond the end.
    public func read(_ count: Int, at place: Int) async throws -> [UInt8] {
        try check(place, count)
        var bytes: [UInt8] = []
        // A small memory does not run on from one of its addresses into the next, and a bus has a longest message.
        for part in parts(place, count, boundary: size.places == 1 ? 256 : 4096) {
            let (chip, prefix) = locate(part.lowerBound)
            let answer = try await chip.bus.write(prefix, thenRead: part.count, at: chip.address)
            guard answer.count == part.count else {
                throw SensorError.shortAnswer(sensor: chip.name, expected: part.count, found: answer.count)
            }
            bytes += answer
        }
        return bytes
    }

    /// Writes bytes and waits until the chip has them. When it throws, some may be written and others not.
    /// - Parameters:
    ///   - bytes: what to write.
    ///   - place: where the first of them goes, from 0.
    /// - Throws: `I2CError`, ``SensorError``.
    public func write(_ bytes: [UInt8], at place: Int) async throws {
        try check(place, bytes.count)
        for part in parts(place, bytes.count, boundary: size.page) {
            let (chip, prefix) = locate(part.lowerBound)
            try await chip.send(prefix + bytes[part.lowerBound - place..<part.upperBound - place])
            // Section "Acknowledge Polling": it does not answer while it writes, which takes at most 5 ms, or 10 ms in older
            // chips.
            try await chip.wait(for: "what was written", every: .milliseconds(1), attempts: 25) {
                do throws(I2CError) {
                    try await chip.bus.write(prefix, to: chip.address)
                    return true
                } catch {
                    if case .noAcknowledge = error { return false }
                    throw error
                }
            }
        }
    }

    /// The chip to ask and the place to name there.
    private func locate(_ place: Int) -> (I2CChip, [UInt8]) {
        let lower = UInt8(place & 0xFF)
        return size.places == 1 ? (chips[place >> 8], [lower]) : (chips[0], [UInt8(place >> 8), lower])
    }

    /// The places, cut at every multiple of the boundary.
    private func parts(_ place: Int, _ count: Int, boundary: Int) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = place
        while start < place + count {
            let end = min((start / boundary + 1) * boundary, place + count)
            parts.append(start..<end)
            start = end
        }
        return parts
    }

    private func check(_ place: Int, _ count: Int) throws(SensorError) {
        guard place >= 0, count >= 0, place <= capacity, count <= capacity - place else {
            throw .invalidArgument(
                sensor: chips[0].name, what: "\(count) bytes at \(place) are not within its \(capacity)")
        }
    }
}

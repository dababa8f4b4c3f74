internal import Threads

/// A memory of the AT24C family, at all of its addresses. It takes no time to write.
public final class SimulatedAT24C: Sendable {
    private let content: Lock<[UInt8]>
    private let page: Int
    private let isSmall: Bool

    /// - Parameters:
    ///   - capacity: in bytes; up to 2048 a place in the memory has one byte, beyond that two.
    ///   - page: what is written at once wraps around within such a page.
    public init(capacity: Int = 256, page: Int = 8) {
        // A new chip is full of ones.
        content = Lock([UInt8](repeating: 0xFF, count: max(capacity, 1)))
        self.page = max(page, 1)
        isSmall = capacity <= 2048
    }

    public var bytes: [UInt8] { content.withLock { $0 } }

    /// Puts the chip on the bus: a small one has an address for each 256 bytes.
    public func attach(to bus: SimulatedI2C, at address: I2CAddress) throws(I2CError) {
        let blocks = isSmall ? max(bytes.count / 256, 1) : 1
        for block in 0..<blocks {
            bus.attach(Block(memory: self, first: block * 256), at: try I2CAddress(Int(address.rawValue) + block))
        }
    }

    private final class Block: SimulatedI2CDevice {
        private let memory: SimulatedAT24C
        private let first: Int
        private let place = Lock(0)

        init(memory: SimulatedAT24C, first: Int) {
            self.memory = memory
            self.first = first
        }

        func write(_ bytes: [UInt8]) {
            let length = memory.isSmall ? 1 : 2
            guard bytes.count >= length else { return }
            let start = first + bytes.prefix(length).reduce(0) { $0 << 8 | Int($1) }
            place.withLock { $0 = start }
            memory.content.withLock { content in
                for (index, byte) in bytes.dropFirst(length).enumerated() {
                    let page = start / memory.page * memory.page
                    content[(page + (start + index) % memory.page) % content.count] = byte
                }
            }
        }

        func read(_ count: Int) -> [UInt8] {
            let start = place.withLock { $0 }
            return memory.content.withLock { content in (0..<count).map { content[(start + $0) % content.count] } }
        }
    }
}

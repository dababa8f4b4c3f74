import Apus
import Synchronization

/// A memory whose bytes are all written again and again, each time with others: says whether it gave back what it got the last time.
struct MemoryCheck: PolledDriver {
    final class Device: Sendable {
        let memory: AT24C.Memory
        let count = Mutex(0)

        init(_ memory: AT24C.Memory) { self.memory = memory }
    }

    let id = "memory"
    let memory: AT24C

    func open() async throws -> Device { Device(try await memory.open()) }

    func sample(_ device: Device) async throws -> [Measurement] {
        let count = device.count.withLock { count in
            count += 1
            return count
        }
        // Three pages, and parts of two more.
        let bytes = (0..<30).map { UInt8(($0 * 7 + count) & 0xFF) }
        try await device.memory.write(bytes, at: 5)
        let isIntact = try await device.memory.read(bytes.count, at: 5) == bytes
        return [
            Measurement(Quantity("intact", unit: nil), .bool(isIntact)), Measurement(.count, .number(Double(bytes[0]))),
        ]
    }
}

/// The 1-Wire buses of the kernel (Documentation/w1), whose drivers find the devices by themselves.
public struct OneWire: Sendable {
    /// The devices of all buses.
    static let folder = "bus/w1/devices"

    private let sysfs: Sysfs

    /// - Parameter sysfs: best with a thread of its own, for reading a thermometer takes 750 ms.
    public init(on sysfs: Sysfs) {
        self.sysfs = sysfs
    }

    /// The devices that are present now; none also when the machine has no 1-Wire bus.
    /// - Throws: ``SysfsError``.
    public func devices() async throws -> [OneWireID] {
        do {
            // The buses themselves are listed, too: "w1_bus_master1".
            return try await sysfs.list(Self.folder).compactMap { OneWireID($0) }
        } catch {
            guard case .absent = error else { throw error }
            return []
        }
    }

    /// Makes a thermometer measure, waits for it, and reads its memory.
    /// - Returns: the nine bytes of its scratchpad, the last of them the checksum, which is right.
    /// - Throws: ``OneWireError``, ``SysfsError``.
    public func scratchpad(of id: OneWireID) async throws -> [UInt8] {
        let text: String
        do {
            text = try await sysfs.read("\(Self.folder)/\(id)/w1_slave")
        } catch {
            guard case .absent = error else { throw error }
            throw OneWireError.noDevice(id, present: try await devices())
        }
        return try Self.scratchpad(text, of: id)
    }

    /// What the file w1_slave says (Documentation/w1/slaves/w1_therm.rst): nine bytes in hexadecimal, the checksum the
    /// kernel computed, and YES or NO; then the bytes again and a temperature, which are left alone.
    static func scratchpad(_ text: String, of id: OneWireID) throws(OneWireError) -> [UInt8] {
        let line = text.utf8.prefix { $0 != UInt8(ascii: "\n") }
        let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        let bytes = words.prefix(9).compactMap { word in word.utf8.count == 2 ? UInt8(word, radix: 16) : nil }
        guard bytes.count == 9, words.count >= 10, words[9] == ":" else {
            throw .malformed(id, found: String(decoding: line.prefix(100), as: UTF8.self))
        }
        // A line that is held low reads as zeros, which have a right checksum.
        guard words.last == "YES", checksum(bytes.prefix(8)) == bytes[8], bytes.contains(where: { $0 != 0 }) else {
            throw .badChecksum(id, bytes)
        }
        return bytes
    }

    /// The CRC-8 of 1-Wire devices, x^8 + x^5 + x^4 + 1, lowest bit first (Maxim application note 27).
    public static func checksum(_ bytes: some Sequence<UInt8>) -> UInt8 {
        bytes.reduce(0) { register, byte in
            var register = register ^ byte
            // 0x8C is the polynomial 0x31 with its bits in reverse order.
            for _ in 0..<8 { register = register & 1 == 0 ? register >> 1 : register >> 1 ^ 0x8C }
            return register
        }
    }
}

/// The CRC-32 of zlib and Ethernet (reflected polynomial 0xEDB88320, initial value and final XOR 0xFFFFFFFF): the one
/// U-Boot's `env import -c` checks.
///
/// By a table for each of four bytes at once: every block of the outbox passes through it, when it is written and read.
public func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
        var remainder: UInt32 = 0xFFFF_FFFF
        var offset = 0
        while offset + 4 <= bytes.count {
            let word = remainder ^ UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            remainder =
                tables[768 + Int(word & 0xFF)] ^ tables[512 + Int(word >> 8 & 0xFF)]
                ^ tables[256 + Int(word >> 16 & 0xFF)] ^ tables[Int(word >> 24)]
            offset += 4
        }
        while offset < bytes.count {
            remainder = remainder >> 8 ^ tables[Int((remainder ^ UInt32(bytes[offset])) & 0xFF)]
            offset += 1
        }
        return ~remainder
    }
}

/// The same of bytes in an array or in a part of one.
public func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    bytes.withContiguousStorageIfAvailable { crc32(UnsafeRawBufferPointer($0)) } ?? crc32(Array(bytes))
}

private let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 4 * 256)
    for index in 0..<256 {
        var value = UInt32(index)
        for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        tables[index] = value
    }
    for index in 256..<tables.count {
        let previous = tables[index - 256]
        tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
    }
    return tables
}()

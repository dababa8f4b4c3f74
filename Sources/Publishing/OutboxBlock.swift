internal import Checksum
internal import Sensors
internal import Supervision

/// A row of the outbox's database: some consecutive readings, or something else, in a form that makes sense by itself.
///
/// A damaged database can be searched for blocks byte by byte, for each begins with a mark, tells its length and ends with
/// a checksum. One of readings is at most ``targetSize`` bytes long, so that SQLite leaves it in one piece.
///
///     0  "APOB"   4  version   5  kind   6  length (16 bits)   8  first number (64 bits)   16  count (64 bits)
///     24 content  …  CRC-32 of all before it
///
/// Little-endian. Readings: the device's running time in seconds (32 bits), the boot's id (a length byte, text), then for
/// each reading, where a *number* has seven bits a byte, the lowest first, and a *signed number* its sign lowest (zigzag):
/// - number: index of the series × 8 + 4 if there is a wall time + the kind of value (0 double, 1 float, 2 false, 3 true);
/// - for the first of a series: sensor, quantity, unit, each a length byte and text; length 255: no unit;
/// - signed number: monotonic time minus that of the reading before;
/// - signed number, if there is a wall time: (wall time − monotonic time) minus that of the reading before;
/// - 8 bytes of a double, or 4 of a float where that is exact.
///
/// Twelve bytes a reading are usual.
enum OutboxBlock {
    enum Kind: UInt8, Sendable {
        case readings = 1
        case gap = 2
        /// ``OutboxState``; its first number is its generation.
        case state = 3
        /// ``DeadLetter``.
        case dead = 4
    }

    struct Header: Sendable, Hashable {
        let kind: Kind
        let length: Int
        let first: UInt64
        let count: UInt64

        /// Of readings and gaps.
        var last: UInt64 { first + (count - 1) }
    }

    /// The bytes are no block, or one that was damaged.
    struct Damaged: Error {}

    /// A row of 4061 bytes still lies in one leaf page of 4096 (the SQLite file format, section 1.6); the row's own head
    /// takes some, and leaves are divided better when two of the common small blocks fit beside a large one.
    static let targetSize = 3500

    /// The longest name of sensor, quantity and unit in bytes of UTF-8.
    static let longestName = 254

    /// Numbers stay below 2^53, which a double holds exactly, and so do sums of them within 64 bits.
    static let numberLimit: UInt64 = 1 << 53

    static let mark: UInt32 = 0x424F_5041
    private static let version: UInt8 = 1
    static let headerSize = 24
    private static let checksumSize = 4
    static let smallestSize = headerSize + checksumSize

    /// The header, if a whole and undamaged block begins at the start of the bytes.
    static func header(_ bytes: UnsafeRawBufferPointer) -> Header? {
        guard let header = uncheckedHeader(bytes), header.length <= bytes.count else { return nil }
        let end = header.length - checksumSize
        let checksum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt32.self))
        guard crc32(UnsafeRawBufferPointer(rebasing: bytes[..<end])) == checksum else { return nil }
        return header
    }

    /// The header as it stands there, the checksum not looked at.
    static func uncheckedHeader(_ bytes: UnsafeRawBufferPointer) -> Header? {
        guard bytes.count >= headerSize else { return nil }
        guard UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self)) == mark,
            bytes[4] == version, let kind = Kind(rawValue: bytes[5])
        else { return nil }
        let length = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self)))
        let first = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let count = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        guard length >= smallestSize, first < numberLimit, count >= 1, count <= numberLimit else { return nil }
        return Header(kind: kind, length: length, first: first, count: count)
    }

    /// What stands between header and checksum.
    static func content(_ bytes: UnsafeRawBufferPointer, _ header: Header) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[headerSize..<(header.length - checksumSize)])
    }

    /// A block of other kinds than readings.
    static func block(_ kind: Kind, first: UInt64, count: UInt64 = 1, content: [UInt8]) -> [UInt8] {
        var writer = Writer(kind, first: first)
        writer.bytes += content
        return writer.finish(count: count)
    }

    // MARK: - Gaps

    static func block(_ gap: OutboxGap) -> [UInt8] {
        var content = ByteWriter()
        content.append(gap.reason.rawValue)
        content.append(UInt8(gap.wallTime == nil ? 0 : 1))
        content.append(gap.wallTime ?? 0)
        return block(.gap, first: gap.first, count: gap.count, content: content.bytes)
    }

    static func gap(_ bytes: UnsafeRawBufferPointer) throws(Damaged) -> OutboxGap {
        guard let header = header(bytes), header.kind == .gap else { throw Damaged() }
        var reader = ByteReader(Array(content(bytes, header)))
        do throws(ByteReader.Failure) {
            let reason = OutboxGap.Reason(rawValue: try reader.read()) ?? .several
            let hasTime = try reader.read(UInt8.self) == 1
            let time = try reader.read(Int64.self)
            return OutboxGap(first: header.first, last: header.last, reason: reason, wallTime: hasTime ? time : nil)
        } catch {
            throw Damaged()
        }
    }

    // MARK: - Readings

    /// Readings packed one after the other, a block's worth at a time.
    struct Writer {
        fileprivate var bytes: [UInt8]
        private(set) var count: UInt64 = 0
        private var bootID: String?
        private var series: [(sensor: String, quantity: Quantity)] = []
        private var lastSeries = 0
        private var lastTime: UInt64 = 0
        private var lastOffset: Int64 = 0

        fileprivate init(_ kind: Kind, first: UInt64) {
            bytes = []
            bytes.reserveCapacity(targetSize + 64)
            appendLittle(mark)
            bytes.append(version)
            bytes.append(kind.rawValue)
            // The length, known at the end.
            bytes.append(0)
            bytes.append(0)
            appendLittle(first)
            appendLittle(UInt64(0))
        }

        /// A block of readings.
        /// - Parameter runningTime: the device's, in seconds.
        init(first: Reading, runningTime: UInt64) {
            self.init(.readings, first: first.sequence)
            appendLittle(UInt32(clamping: runningTime))
            bootID = first.bootID
            append(first.bootID)
        }

        /// - Returns: false when the reading belongs into the next block.
        mutating func append(_ reading: Reading) -> Bool {
            guard reading.bootID == bootID else { return false }
            let index = index(of: reading)
            // A reading of a known series takes 2 + 10 + 10 + 8 bytes at most; of a new one, its names besides.
            let names =
                index < series.count
                ? 0
                : reading.sensor.utf8.count + reading.quantity.name.utf8.count
                    + (reading.quantity.unit?.utf8.count ?? 0)
            guard count == 0 || bytes.count + 37 + names <= targetSize else { return false }
            lastSeries = index

            var tag = UInt64(index) << 3 | (reading.wallTime == nil ? 0 : 4)
            var double: Double?
            var float: Float?
            switch reading.value {
            case .bool(let value): tag |= value ? 3 : 2
            case .number(let value):
                let short = Float(value)
                if Double(short).bitPattern == value.bitPattern {
                    float = short
                    tag |= 1
                } else {
                    double = value
                }
            }
            append(number: tag)
            if index == series.count {
                series.append((reading.sensor, reading.quantity))
                append(reading.sensor)
                append(reading.quantity.name)
                if let unit = reading.quantity.unit { append(unit) } else { bytes.append(0xFF) }
            }
            append(signed: Int64(bitPattern: reading.monotonicTime &- lastTime))
            lastTime = reading.monotonicTime
            if let time = reading.wallTime {
                let offset = time &- Int64(bitPattern: reading.monotonicTime)
                append(signed: offset &- lastOffset)
                lastOffset = offset
            }
            if let float { appendLittle(float.bitPattern) }
            if let double { appendLittle(double.bitPattern) }
            count += 1
            return true
        }

        /// The block, with the checksum.
        mutating func finish(count: UInt64? = nil) -> [UInt8] {
            let length = UInt16(clamping: bytes.count + checksumSize)
            let count = count ?? self.count
            bytes.withUnsafeMutableBytes { buffer in
                buffer.storeBytes(of: length.littleEndian, toByteOffset: 6, as: UInt16.self)
                buffer.storeBytes(of: count.littleEndian, toByteOffset: 16, as: UInt64.self)
            }
            appendLittle(crc32(bytes))
            return bytes
        }

        /// The count of series for a new one. Sensors speak in turn: the next one is tried first.
        private func index(of reading: Reading) -> Int {
            func matches(_ index: Int) -> Bool {
                series[index].sensor == reading.sensor && series[index].quantity == reading.quantity
            }
            let next = lastSeries + 1
            if next < series.count, matches(next) { return next }
            return series.indices.first(where: matches) ?? series.count
        }

        private mutating func append(_ text: String) {
            var name = Array(text.utf8.prefix(longestName + 1))
            if name.count > longestName {
                // Not in the middle of a character, whose other bytes begin with 10: what is no text cannot be read again.
                while let last = name.popLast(), last & 0xC0 == 0x80 {}
            }
            bytes.append(UInt8(name.count))
            bytes.append(contentsOf: name)
        }

        private mutating func append(signed value: Int64) {
            append(number: UInt64(bitPattern: value << 1 ^ value >> 63))
        }

        private mutating func append(number value: UInt64) {
            var rest = value
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(truncatingIfNeeded: rest))
        }

        private mutating func appendLittle(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
    }

    /// The running time a block of readings was written at, in seconds.
    static func runningTime(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        guard bytes.count >= smallestSize + 4 else { return nil }
        return UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: headerSize, as: UInt32.self)))
    }

    /// - Parameter limit: the most readings wanted, of the first.
    static func readings(_ bytes: UnsafeRawBufferPointer, limit: UInt64 = .max) throws(Damaged) -> [Reading] {
        guard let header = header(bytes), header.kind == .readings else { throw Damaged() }
        var reader = Reader(content(bytes, header))
        _ = try reader.little(UInt32.self)
        let bootID = try reader.text()
        // Each takes three bytes at least: a count that cannot be is refused before it costs memory.
        guard header.count <= UInt64(header.length) / 3 else { throw Damaged() }
        var readings: [Reading] = []
        readings.reserveCapacity(Int(header.count))
        var series: [(sensor: String, quantity: Quantity)] = []
        var time: UInt64 = 0
        var offset: Int64 = 0
        for sequence in header.first..<(header.first + min(header.count, limit)) {
            let tag = try reader.number()
            let index = Int(clamping: tag >> 3)
            if index == series.count {
                let sensor = try reader.text()
                let name = try reader.text()
                series.append((sensor, Quantity(name, unit: try reader.optionalText())))
            }
            guard index < series.count else { throw Damaged() }
            time &+= UInt64(bitPattern: try reader.signed())
            var wallTime: Int64?
            if tag & 4 != 0 {
                offset &+= try reader.signed()
                wallTime = offset &+ Int64(bitPattern: time)
            }
            let value: Reading.Value =
                switch tag & 3 {
                case 0: .number(Double(bitPattern: try reader.little()))
                case 1: .number(Double(Float(bitPattern: try reader.little())))
                case 2: .bool(false)
                default: .bool(true)
                }
            readings.append(
                Reading(
                    sensor: series[index].sensor, quantity: series[index].quantity, value: value, wallTime: wallTime,
                    monotonicTime: time, bootID: bootID, sequence: sequence))
        }
        return readings
    }

    private struct Reader {
        private let bytes: UnsafeRawBufferPointer
        private var offset = 0

        init(_ bytes: UnsafeRawBufferPointer) {
            self.bytes = bytes
        }

        mutating func little<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(Damaged) -> Value {
            guard bytes.count - offset >= MemoryLayout<Value>.size else { throw Damaged() }
            defer { offset += MemoryLayout<Value>.size }
            return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }

        mutating func number() throws(Damaged) -> UInt64 {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                let byte = try little(UInt8.self)
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            throw Damaged()
        }

        mutating func signed() throws(Damaged) -> Int64 {
            let value = try number()
            return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
        }

        mutating func text() throws(Damaged) -> String {
            guard let text = try optionalText() else { throw Damaged() }
            return text
        }

        mutating func optionalText() throws(Damaged) -> String? {
            let length = try little(UInt8.self)
            if length == 0xFF { return nil }
            guard bytes.count - offset >= Int(length) else { throw Damaged() }
            defer { offset += Int(length) }
            let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + Int(length))])
            guard let text = String(validating: slice, as: UTF8.self) else { throw Damaged() }
            return text
        }
    }
}

extension OutboxBlock {
    /// The blocks that hold the entries, in their order.
    static func blocks(_ entries: some Sequence<OutboxEntry>, runningTime: UInt64) -> [[UInt8]] {
        var blocks: [[UInt8]] = []
        var writer: Writer?
        var next: UInt64 = 0
        for entry in entries {
            switch entry {
            case .reading(let reading):
                if writer == nil || reading.sequence != next || writer?.append(reading) == false {
                    if var full = writer { blocks.append(full.finish()) }
                    var fresh = Writer(first: reading, runningTime: runningTime)
                    _ = fresh.append(reading)
                    writer = fresh
                }
                next = reading.sequence + 1
            case .gap(let gap):
                if var full = writer { blocks.append(full.finish()) }
                writer = nil
                blocks.append(block(gap))
            }
        }
        if var full = writer { blocks.append(full.finish()) }
        return blocks
    }

    /// What a block of readings or a gap holds.
    static func entries(_ bytes: UnsafeRawBufferPointer) throws(Damaged) -> [OutboxEntry] {
        switch uncheckedHeader(bytes)?.kind {
        case .readings: try readings(bytes).map { .reading($0) }
        case .gap: [.gap(try gap(bytes))]
        default: throw Damaged()
        }
    }
}

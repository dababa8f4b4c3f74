internal import Supervision

/// What the outbox remembers beside its entries. A row of the database, in a block of its own.
struct OutboxState: Sendable, Hashable {
    /// For each transport, by name: everything up to this number is acknowledged.
    var cursors: [String: UInt64] = [:]

    /// For boots whose clock was set, the newest last: wall time minus monotonic time, in nanoseconds.
    var boots: [Boot] = []

    /// How long the device has run with this outbox, in seconds: the time by which entries grow old, for no setting of
    /// the clock disturbs it.
    var runningTime: UInt64 = 0

    /// Readings dropped so far.
    var dropped: UInt64 = 0

    /// Up to this number readings were dropped to make room, as far as they were not acknowledged: one that a salvage
    /// finds there stays dropped, for receivers were told that it will never come.
    var floor: UInt64 = 0

    struct Boot: Sendable, Hashable {
        let id: String
        var offset: Int64
    }

    /// A device that lost its clock at every start of a month still finds them.
    static let mostBoots = 32
    /// Far above what an app configures; the block stays within a page.
    static let mostTransports = 16

    mutating func remember(_ boot: Boot) {
        boots.removeAll { $0.id == boot.id }
        boots = boots.suffix(Self.mostBoots - 1) + [boot]
    }

    func offset(ofBoot id: String) -> Int64? { boots.last { $0.id == id }?.offset }

    func block(generation: UInt64) -> [UInt8] {
        var content = ByteWriter()
        let cursors = cursors.sorted { $0.key < $1.key }.prefix(Self.mostTransports)
        content.append(UInt32(cursors.count))
        for (name, number) in cursors {
            content.append(name)
            content.append(number)
        }
        content.append(UInt32(boots.count))
        for boot in boots {
            content.append(boot.id)
            content.append(boot.offset)
        }
        content.append(runningTime)
        content.append(dropped)
        content.append(floor)
        return OutboxBlock.block(.state, first: generation, content: content.bytes)
    }

    init() {}

    init(_ bytes: UnsafeRawBufferPointer) throws(OutboxBlock.Damaged) {
        guard let header = OutboxBlock.header(bytes), header.kind == .state else { throw OutboxBlock.Damaged() }
        var reader = ByteReader(Array(OutboxBlock.content(bytes, header)))
        do throws(ByteReader.Failure) {
            for _ in 0..<min(try reader.read(UInt32.self), UInt32(Self.mostTransports)) {
                let name = try reader.readString()
                cursors[name] = try reader.read()
            }
            for _ in 0..<min(try reader.read(UInt32.self), UInt32(Self.mostBoots)) {
                let id = try reader.readString()
                boots.append(Boot(id: id, offset: try reader.read()))
            }
            runningTime = try reader.read()
            dropped = try reader.read()
            floor = try reader.read()
        } catch {
            throw OutboxBlock.Damaged()
        }
    }
}

internal import Sensors
internal import Supervision

/// A reading that a receiver refused again and again while it took others. Kept to be looked at; never sent again.
struct DeadLetter: Sendable, Hashable {
    let reading: Reading
    /// The transport's name.
    let transport: String
    /// What the receiver said.
    let reason: String

    init(reading: Reading, transport: String, reason: String) {
        self.reading = reading
        // A page of the database holds it all.
        self.transport = String(decoding: transport.utf8.prefix(255), as: UTF8.self)
        self.reason = String(decoding: reason.utf8.prefix(255), as: UTF8.self)
    }

    var block: [UInt8] {
        var content = ByteWriter()
        content.append(transport)
        content.append(reason)
        let inner = OutboxBlock.blocks([.reading(reading)], runningTime: 0)[0]
        return OutboxBlock.block(.dead, first: reading.sequence, content: content.bytes + inner)
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(OutboxBlock.Damaged) {
        guard let header = OutboxBlock.header(bytes), header.kind == .dead else { throw OutboxBlock.Damaged() }
        let content = Array(OutboxBlock.content(bytes, header))
        var reader = ByteReader(content)
        do throws(ByteReader.Failure) {
            transport = try reader.readString()
            reason = try reader.readString()
        } catch {
            throw OutboxBlock.Damaged()
        }
        // Two strings, each behind its length in 32 bits.
        let start = 8 + transport.utf8.count + reason.utf8.count
        let readings = content.withUnsafeBytes {
            try? OutboxBlock.readings(UnsafeRawBufferPointer(rebasing: $0[start...]))
        }
        guard let reading = readings?.first else { throw OutboxBlock.Damaged() }
        self.reading = reading
    }
}

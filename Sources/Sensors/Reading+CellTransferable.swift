public import Supervision

extension Reading: CellTransferable {
    /// Without the sequence number, which the outbox gives it later, and without the boot's id, which is the same.
    public var cellBytes: [UInt8] {
        var writer = ByteWriter()
        writer.append(sensor)
        writer.append(quantity.name)
        writer.append(quantity.unit.map { [$0] } ?? [])
        switch value {
        case .number(let number):
            writer.append(UInt8(0))
            writer.append(number.bitPattern)
        case .bool(let bool):
            writer.append(UInt8(1))
            writer.append(UInt64(bool ? 1 : 0))
        }
        writer.append(UInt8(wallTime == nil ? 0 : 1))
        writer.append(wallTime ?? 0)
        writer.append(monotonicTime)
        return writer.bytes
    }

    public init?(cellBytes: ArraySlice<UInt8>) {
        var reader = ByteReader(cellBytes)
        do throws(ByteReader.Failure) {
            let sensor = try reader.readString()
            let name = try reader.readString()
            let units = try reader.readStrings()
            let kind = try reader.read(UInt8.self)
            let content = try reader.read(UInt64.self)
            let hasWallTime = try reader.read(UInt8.self)
            let wallTime = try reader.read(Int64.self)
            let monotonicTime = try reader.read(UInt64.self)
            guard reader.isAtEnd, units.count <= 1, kind <= 1, hasWallTime <= 1, kind == 0 || content <= 1 else {
                return nil
            }
            self.init(
                sensor: sensor, quantity: Quantity(name, unit: units.first),
                value: kind == 0 ? .number(Double(bitPattern: content)) : .bool(content == 1),
                wallTime: hasWallTime == 1 ? wallTime : nil, monotonicTime: monotonicTime, bootID: BootID.current)
        } catch {
            return nil
        }
    }
}

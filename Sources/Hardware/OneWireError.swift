/// Why a device on the 1-Wire bus gave no data, beside ``SysfsError``.
public enum OneWireError: Error, Sendable, Hashable {
    /// The device is not on the bus; `present` is what is.
    case noDevice(OneWireID, present: [OneWireID])
    /// The kernel's file is not what its driver writes.
    case malformed(OneWireID, found: String)
    /// Data and checksum do not fit: noise, a long line, a weak supply, or a device that was unplugged meanwhile.
    case badChecksum(OneWireID, [UInt8])
}

extension OneWireError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noDevice(let id, let present):
            "no device \(id) is on the 1-Wire bus: "
                + (present.isEmpty
                    ? "there is none; check the wiring, the pull-up resistor, and that the bus is in the device tree"
                    : "there is \(present.map(\.description).joined(separator: ", "))")
        case .malformed(let id, let found):
            "the kernel's data of the 1-Wire device \(id) is not nine bytes with a checksum but \"\(found)\""
        case .badChecksum(let id, let bytes):
            "the data of the 1-Wire device \(id) has a wrong checksum (\(bytes.map { hexadecimal(Int($0)) }))"
                + "; check the line's length, its pull-up resistor and the supply"
        }
    }
}

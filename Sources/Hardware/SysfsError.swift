/// Why something the kernel offers in /sys cannot be used, each naming the file.
public enum SysfsError: Error, Sendable, Hashable {
    /// There is no such file: the device is absent, or its driver not loaded.
    case absent(path: String)
    /// The kernel or the device refused.
    case failed(path: String, operation: String, reason: String)
    /// The file does not say what its kind of file says.
    case malformed(path: String, expected: String, found: String)
    /// Nothing of the name wanted is there; `present` is what there is instead.
    case noDevice(folder: String, wanted: String, present: [String])
    /// The device cannot do what was asked of it.
    case invalidValue(path: String, reason: String)
}

extension SysfsError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .absent(let path):
            "there is no \(path); the device may be absent, or its driver not loaded"
        case .failed(let path, let operation, let reason):
            "cannot \(operation) \(path): \(reason)"
        case .malformed(let path, let expected, let found):
            "\(path) is not \(expected) but \"\(found)\""
        case .noDevice(let folder, let wanted, let present):
            "no device in \(folder) is \(wanted): "
                + (present.isEmpty ? "there is none" : "there is \(present.joined(separator: ", "))")
        case .invalidValue(let path, let reason):
            "\(path): \(reason)"
        }
    }
}

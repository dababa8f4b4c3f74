/// Why a slot was given up: a word of lower-case letters, digits and `-`, as `st_why` and `apus.why` hold it.
///
/// Not an enumeration: a word of a later version is kept and shown as it is.
public struct FailureReason: RawRepresentable, Sendable, Hashable {
    public let rawValue: String

    /// A longer word could push other variables out of the block.
    private static let maximumLength = 16

    public init?(rawValue: String) {
        let isWord = rawValue.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
        guard isWord, (1...Self.maximumLength).contains(rawValue.utf8.count) else { return nil }
        self.rawValue = rawValue
    }

    private init(_ word: String) { rawValue = word }

    /// The slot header cannot be read or is damaged.
    public static let header = FailureReason("header")
    /// The kernel cannot be read or is damaged.
    public static let kernel = FailureReason("kernel")
    /// The initramfs cannot be read or is damaged.
    public static let initramfs = FailureReason("initramfs")
    /// Kernel, initramfs or the mount of the root failed: `apus-init` never ran.
    public static let start = FailureReason("start")
    /// The machine was reset while the system ran: a panic, or the watchdog after a hang.
    public static let reset = FailureReason("reset")
    /// The root image is not what was built.
    public static let root = FailureReason("root")
    /// The app ended again and again.
    public static let app = FailureReason("app")
    /// The app ran but was not healthy in time.
    public static let health = FailureReason("health")
    /// The power was cut so often that the trial came to no end.
    public static let cold = FailureReason("cold")
    /// The card does not take the boot state, so that a trial cannot be counted.
    public static let state = FailureReason("state")
    /// Somebody asked for it.
    public static let user = FailureReason("user")
}

extension FailureReason: CustomStringConvertible {
    /// What happened, as the rest of a sentence that begins with the slot.
    public var description: String {
        switch self {
        case .header: "has no readable slot header"
        case .kernel: "has a damaged kernel"
        case .initramfs: "has a damaged initramfs"
        case .start: "did not get as far as apus-init"
        case .reset: "was reset while it ran, by a panic or by the watchdog after a hang"
        case .root: "has a damaged root image"
        case .app: "has an app that ended again and again"
        case .health: "was not healthy in time"
        case .cold: "lost its power before it was confirmed, again and again"
        case .state: "was not tried: the boot state cannot be written"
        case .user: "was rolled back by request"
        default: "failed (\(rawValue))"
        }
    }
}

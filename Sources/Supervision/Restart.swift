/// When an ended child is started again.
public enum Restart: Sendable, Hashable {
    /// Always, also after it returned without an error.
    case permanent

    /// Only after it failed: it threw anything but a `CancellationError`.
    case transient

    /// Never.
    case temporary
}

extension Restart {
    /// Whether an end by this error is a failure. A child that throws CancellationError of its own accord has ended
    /// cleanly, as OTP's `shutdown`.
    static func isFailure(_ error: (any Error)?) -> Bool {
        error.map { !($0 is CancellationError) } ?? false
    }

    /// Whether a restart follows the end of a child that had started.
    func follows(_ error: (any Error)?) -> Bool {
        switch self {
        case .permanent: true
        case .transient: Self.isFailure(error)
        case .temporary: false
        }
    }
}

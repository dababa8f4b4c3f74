/// When an ended child is started again.
public enum Restart: Sendable, Hashable {
    /// Always, also after it returned without an error.
    case permanent

    /// Only after it threw.
    case transient

    /// Never.
    case temporary
}

/// Whether a supervisor ends by itself when its significant children have ended by themselves, as OTP's `auto_shutdown`.
///
/// A significant temporary child counts however it ended, a significant transient one when it ended without a failure.
/// A child that was stopped, by a call or because of a sibling, does not count.
public enum AutoShutdown: Sendable, Hashable {
    /// Never. No child may be significant then.
    case never

    /// When one significant child has ended.
    case anySignificant

    /// When the last running significant child has ended.
    case allSignificant
}

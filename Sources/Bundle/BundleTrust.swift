/// Whose signature makes a bundle trustworthy.
public enum BundleTrust: Sendable {
    /// At least one of these keys must have signed it.
    case keys([VerificationKey])
    /// Nobody's: for looking at a bundle, never for using it.
    case unchecked
}

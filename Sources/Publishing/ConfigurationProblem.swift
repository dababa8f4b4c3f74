/// Why what a device is configured for cannot be used.
struct ConfigurationProblem: Error, Hashable, CustomStringConvertible {
    let key: String
    /// Never repeats a password or a token.
    let problem: String

    var description: String { "\(key): \(problem)" }
}

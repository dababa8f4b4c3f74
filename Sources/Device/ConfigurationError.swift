/// A configuration file that cannot be used.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package let file: String

    /// From 1; nil when it is the file as a whole.
    package let line: Int?

    package let reason: String

    package var description: String {
        line.map { "\(file), line \($0): \(reason)" } ?? reason
    }
}

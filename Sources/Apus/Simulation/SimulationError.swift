// For a developer's machine only.
#if !APUS_DEVICE
/// A description of a simulated board that cannot be used.
struct SimulationError: Error, Equatable, CustomStringConvertible {
    let file: String
    /// From 1; nil when it is the file as a whole.
    let line: Int?
    let reason: String

    var description: String { line.map { "\(file), line \($0): \(reason)" } ?? reason }
}
#endif

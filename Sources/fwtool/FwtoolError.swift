/// Every failure a user of fwtool sees: one sentence with the cause, one with the next step.
///
/// Thrown anywhere below a command; printed as `error: CAUSE; REMEDY`, exit code 1. Wrong usage is
/// `ArgumentParser.ValidationError`, exit code 2.
struct FwtoolError: Error, CustomStringConvertible {
    /// What is wrong, naming the file, package or key; no capital letter, no full stop.
    var cause: String
    /// What the user does next; empty where the cause says it all.
    var remedy: String

    init(_ cause: String, remedy: String = "") {
        self.cause = cause
        self.remedy = remedy
    }

    var description: String { remedy.isEmpty ? cause : "\(cause); \(remedy)" }
}

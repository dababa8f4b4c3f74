import Foundation

/// A Swift release, e.g. 6.2.3.
struct SwiftVersion: Comparable, CustomStringConvertible, Codable {
    var major: Int
    var minor: Int
    var patch: Int

    /// From any text that holds one: `6.2.3-1+b1`, `Swift version 6.3.1 (swift-6.3.1-RELEASE)`.
    init?(in text: String) {
        guard let match = text.firstMatch(of: #/\b(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?/#),
            let major = Int(match.1), let minor = Int(match.2)
        else { return nil }
        self.major = major
        self.minor = minor
        patch = match.3.flatMap { Int($0) } ?? 0
    }

    static func < (a: SwiftVersion, b: SwiftVersion) -> Bool {
        (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch)
    }

    var description: String { "\(major).\(minor).\(patch)" }
}

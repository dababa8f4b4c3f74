/// Which Swift runtime for the device goes with the compiler on the developer's machine.
///
/// A compiler reads the textual interfaces of its own release and of older ones, never of newer ones (Swift's library
/// evolution, swift.org/blog/library-evolution). Debian's packages carry textual interfaces of the standard library, so
/// any release up to the compiler's own will do, down to the first with what Apus itself uses.
enum SwiftPairing {
    /// `Synchronization` with typed throws through the whole standard library, and `swift-tools-version: 6.2`.
    static let oldest = SwiftVersion(in: "6.2")

    /// The newest usable one; of equals the most stable suite, which comes first.
    static func choose(
        compiler: SwiftVersion, from offers: [(suite: String, version: String)]
    ) throws -> (suite: String, version: SwiftVersion) {
        let usable = offers.compactMap { offer -> (suite: String, version: SwiftVersion)? in
            guard let version = SwiftVersion(in: offer.version), refusal(compiler: compiler, runtime: version) == nil
            else { return nil }
            return (offer.suite, version)
        }
        if let best = usable.map(\.version).max(), let choice = usable.first(where: { $0.version == best }) {
            return choice
        }
        let list = offers.map { "\($0.suite) has \(SwiftVersion(in: $0.version)?.description ?? $0.version)" }
        throw FwtoolError(
            "no Swift runtime of Debian goes with the Swift \(compiler) compiler on this machine "
                + "(\(list.isEmpty ? "the mirror offers none" : list.joined(separator: ", ")))",
            remedy: "install a Swift toolchain at least as new as one of them and not older than "
                + "\(oldest?.description ?? "6.2"), or name an SDK of your own with --swift-sdk")
    }

    /// Why the pair cannot work; nil when it can.
    static func refusal(compiler: SwiftVersion, runtime: SwiftVersion) -> String? {
        if runtime > compiler {
            return "the Swift \(compiler) compiler cannot read the interfaces of the newer Swift \(runtime) runtime"
        }
        if let oldest, runtime < oldest {
            return "the Swift \(runtime) runtime is older than \(oldest), which Apus needs"
        }
        return nil
    }
}

import Testing

@testable import fwtool

struct SwiftPairingTests {
    private func version(_ text: String) throws -> SwiftVersion { try #require(SwiftVersion(in: text)) }

    @Test func readsVersionsOutOfAnyText() throws {
        #expect(try version("6.2.3-1+b1").description == "6.2.3")
        #expect(try version("Swift version 6.3 (swift-6.3-RELEASE)").description == "6.3.0")
        #expect(SwiftVersion(in: "no digits") == nil)
        #expect(SwiftVersion(in: "99999999999999999999.1") == nil)
    }

    @Test func takesTheNewestRuntimeTheCompilerCanRead() throws {
        let offers = [("trixie", "6.0.3-2"), ("forky", "6.2.3-1"), ("sid", "6.4.0-1")]
        let choice = try SwiftPairing.choose(compiler: version("6.3.1"), from: offers)
        #expect(choice.suite == "forky")
        #expect(choice.version.description == "6.2.3")
    }

    @Test func ofEqualVersionsTheMostStableSuite() throws {
        let choice = try SwiftPairing.choose(
            compiler: version("6.2.3"), from: [("trixie", "6.2.3-1"), ("sid", "6.2.3-4")])
        #expect(choice.suite == "trixie")
    }

    @Test func refusesWithBothVersionsNamed() throws {
        let compiler = try version("6.1.0")
        let error = #expect(throws: FwtoolError.self) {
            try SwiftPairing.choose(compiler: compiler, from: [("trixie", "6.0.3-2"), ("sid", "6.2.3-1")])
        }
        #expect(error?.cause.contains("Swift 6.1.0") == true)
        #expect(error?.cause.contains("sid has 6.2.3") == true)
        #expect(error?.remedy.contains("--swift-sdk") == true)
        #expect(throws: FwtoolError.self) { try SwiftPairing.choose(compiler: compiler, from: []) }
    }
}

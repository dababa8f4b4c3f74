import Testing

@testable import fwtool

struct DebianMirrorTests {
    @Test func findsTheArchiveInDeb822() {
        let text = """
            Types: deb
            URIs: http://example.net/debian-security
            Suites: bookworm-security
            Components: main

            # remark
            Types: deb deb-src
            URIs: http://example.org/debian
            Suites: bookworm bookworm-updates
            Components: main contrib
            """
        #expect(DebianMirror.deb822(text) == "http://example.org/debian")
    }

    @Test func ignoresDisabledSourcesAndOtherArchives() {
        #expect(
            DebianMirror.deb822("Types: deb\nEnabled: no\nURIs: http://a/debian\nSuites: sid\nComponents: main") == nil)
        #expect(DebianMirror.deb822("Types: deb\nURIs: http://a/ubuntu\nSuites: noble\nComponents: main") == nil)
        #expect(DebianMirror.deb822("") == nil)
    }

    @Test func findsTheArchiveInOneLineSources() {
        let text = """
            # deb http://comment/debian sid main
            deb [arch=amd64 signed-by=/a b.gpg] http://b/packages stable main
            deb [ arch=amd64 ] http://example.org/debian/ bookworm main
            """
        #expect(DebianMirror.oneLine(text) == "http://example.org/debian/")
        #expect(DebianMirror.oneLine("deb http://a/debian") == nil)
    }

    @Test func aGivenMirrorMustBeAURL() {
        #expect(throws: FwtoolError.self) { try DebianMirror.choose("example.org") }
    }
}

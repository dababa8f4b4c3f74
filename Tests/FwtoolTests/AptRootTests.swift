import Foundation
import Testing

@testable import fwtool

struct AptRootTests {
    @Test func aMirrorThatDoesNotAnswerIsSaidSo() throws {
        let cache = try ScratchFolder()
        let home = try ScratchFolder()
        // Port 9 of this machine: nobody listens there.
        let run = try FwtoolRun(
            "sdk", "install", "--mirror", "http://127.0.0.1:9/debian", in: home.url,
            environment: ["APUS_CACHE": cache.url.path])
        #expect(run.status == 1)
        #expect(run.errors.contains("error: the package indexes of the Debian mirror could not be fetched"))
        #expect(run.errors.contains("--mirror URL"))
    }

    @Test func aCacheThatCannotBeMadeIsSaidSo() throws {
        let home = try ScratchFolder()
        let file = home.url.appendingPathComponent("file")
        try Data().write(to: file)
        let run = try FwtoolRun(
            "sdk", "install", in: home.url, environment: ["APUS_CACHE": file.appendingPathComponent("cache").path])
        #expect(run.status == 1)
        #expect(run.errors.contains("name another folder in APUS_CACHE"))
    }
}

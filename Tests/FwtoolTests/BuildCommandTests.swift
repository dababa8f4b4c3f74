import Bundle
import Foundation
import Testing

@testable import fwtool

/// What `fwtool build` and `fwtool image` refuse before any work. What needs the Swift SDK is in SystemTests.
struct BuildCommandTests {
    private func app() throws -> ScratchFolder {
        let folder = try ScratchFolder()
        try "// swift-tools-version: 6.2\n".write(
            to: folder.url.appendingPathComponent("Package.swift"), atomically: true, encoding: .utf8)
        try "product: App\n".write(
            to: folder.url.appendingPathComponent("apus.yaml"), atomically: true, encoding: .utf8)
        return folder
    }

    @Test func anUnknownBoardNamesTheKnownOnes() throws {
        let folder = try app()
        let run = try FwtoolRun("build", "--target", "rpi44", in: folder.url)
        #expect(run.status == 1)
        #expect(run.errors.contains("error: there is no board 'rpi44'; did you mean rpi4?"))
    }

    @Test func aMissingKeyNamesTheCommandThatMakesOne() throws {
        let folder = try app()
        let none = try FwtoolRun("build", "--target", "virt", in: folder.url, environment: ["APUS_KEY": ""])
        #expect(none.status == 1)
        #expect(none.errors.contains("fwtool keys new"))
        let absent = try FwtoolRun("build", "--target", "virt", "--key", "absent.key", in: folder.url)
        #expect(absent.status == 1)
        #expect(absent.errors.contains("absent.key"))
    }

    @Test func aMissingSDKNamesTheCommandThatInstallsOne() throws {
        let folder = try app()
        try SigningKey().write(toNewFile: folder.url.appendingPathComponent("a.key").path)
        let home = try ScratchFolder()
        // SwiftPM looks for SDKs below the home folder.
        let run = try FwtoolRun(
            "build", "--target", "virt", "--key", "a.key", in: folder.url,
            environment: ["HOME": home.url.path, "XDG_CONFIG_HOME": home.url.path, "APUS_CACHE": home.url.path])
        #expect(run.status == 1)
        #expect(run.errors.contains("error: no Swift SDK for the device is installed; run: fwtool sdk install"))
        let named = try FwtoolRun(
            "build", "--target", "virt", "--key", "a.key", "--swift-sdk", "mine", in: folder.url,
            environment: ["HOME": home.url.path, "XDG_CONFIG_HOME": home.url.path, "APUS_CACHE": home.url.path])
        #expect(named.errors.contains("error: the Swift SDK 'mine' is not installed; see: swift sdk list"))
    }

    @Test func wrongUsageEndsWithTwo() throws {
        let folder = try app()
        #expect(try FwtoolRun("build", in: folder.url).status == 2)
        #expect(try FwtoolRun("image", "x.apus", "--set", "no value", in: folder.url).status == 2)
    }
}

import BootState
import Bundle
import Foundation
import Testing

@testable import HTTP
@testable import Updating

/// One run of the built `apus`, as somebody would start it.
struct ApusRun {
    let status: Int32
    let output: String
    let errors: String

    /// SwiftPM puts the tests' executable beside it.
    static var program: String {
        get throws {
            let test = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            return URL(fileURLWithPath: test).deletingLastPathComponent().appendingPathComponent("apus").path
        }
    }

    /// - Parameters:
    ///   - input: for the standard input, through a pipe.
    ///   - environment: besides that of the tests, whose proxies are not the business of the test.
    init(_ arguments: String..., input: [UInt8] = [], environment: [String: String] = [:]) throws {
        try self.init([Self.program] + arguments, input: input, environment: environment)
    }

    init(_ command: [String], input: [UInt8], environment: [String: String]) throws {
        let folder = try Scratch()
        let (output, errors) = (try folder.file("output"), try folder.file("errors"))
        let process = Self.process(command, environment: environment)
        let pipe = Pipe()
        process.standardInput = pipe
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // A program that has ended takes no more.
        signal(SIGPIPE, SIG_IGN)
        try? pipe.fileHandleForWriting.write(contentsOf: Data(input))
        try? pipe.fileHandleForWriting.close()
        process.waitUntilExit()
        status = process.terminationStatus
        self.output = try String(decoding: folder.bytes("output"), as: UTF8.self)
        self.errors = try String(decoding: folder.bytes("errors"), as: UTF8.self)
    }

    /// With a terminal for the standard error, and what came to it.
    static func onTerminal(_ arguments: String...) throws -> (status: Int32, terminal: String) {
        var (primary, secondary): (Int32, Int32) = (-1, -1)
        try #require(openpty(&primary, &secondary, nil, nil, nil) == 0)
        defer { close(primary) }
        let process = process(try [program] + arguments, environment: [:])
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(fileDescriptor: secondary, closeOnDealloc: false)
        try process.run()
        close(secondary)
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        // Fails when nobody has the terminal open any more.
        while case let count = read(primary, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    private static func process(_ command: [String], environment: [String: String]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // A program that hangs fails the test (status 124).
        process.arguments = ["timeout", "120"] + command
        var all = ProcessInfo.processInfo.environment
        for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"] { all[name] = nil }
        process.environment = all.merging(environment) { $1 }
        return process
    }
}

/// A folder that vanishes with its owner.
final class Scratch {
    let path = "/tmp/apus-command-\(UInt64.random(in: .min ... .max))"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A new file.
    func file(_ name: String) throws -> FileHandle {
        try write([], name)
        return try FileHandle(forWritingTo: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }

    @discardableResult
    func write(_ bytes: [UInt8], _ name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }
}

/// An image of a card in a file, and the key its bundles are signed with.
struct CardFile {
    let scratch: Scratch
    let path: String
    let key: String

    init(_ card: TestCard) throws {
        scratch = try Scratch()
        path = try scratch.write(card.bytes, "card")
        key = try scratch.write(TestFirmware.key.verificationKey.pem, "fleet.pub")
    }

    var bytes: [UInt8] { get throws { try scratch.bytes("card") } }
    var card: TestCard { get throws { TestCard(try bytes) } }

    /// A bundle in a file.
    func bundle(_ firmware: TestFirmware) throws -> String {
        try scratch.write(firmware.bundle, "\(firmware.version).apus")
    }
}

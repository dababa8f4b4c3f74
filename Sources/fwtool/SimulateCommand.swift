import ArgumentParser
import CLinux
import Foundation
import Monitoring

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Run the app on this machine with a simulated board and show its sensors.",
        discussion: """
            Builds the app with swift build and starts it. What is on its buses, and what happens to that, says
            simulation.conf in the package folder: docs/simulation.md. On a terminal the sensors stand above, the app's log
            below. Ctrl-C ends it all.

            EXAMPLES
              fwtool simulate
              fwtool simulate --script storm.conf
              fwtool simulate --log --json > reports.jsonl
            """)

    @Option(help: "The app's package folder.")
    var packagePath = "."

    @Option(help: "What the board has and what happens. (default: simulation.conf in the package folder, if there)")
    var script: String?

    @Option(help: "Run this program in place of the package's, and build nothing.")
    var executable: String?

    @Flag(help: "Print the app's log on standard error, also where that is no terminal.")
    var log = false

    @Flag(help: "Print a line of JSON a second, as apus sensors --json does.")
    var json = false

    @Option(help: "Stop after so many seconds.")
    var timeout: Int?

    @OptionGroup var options: OutputOptions

    func validate() throws {
        if let timeout, timeout < 1 { throw ValidationError("--timeout must be 1 second or more") }
    }

    func run() async throws {
        // Absolute, because the app starts in the package folder.
        let program = try URL(fileURLWithPath: executable ?? build()).path
        let variables = ["APUS_SIMULATION": try scriptFile()?.path ?? ""]

        let work = Task {
            try await TemporaryFolder.with(beside: FileManager.default.temporaryDirectory.appendingPathComponent("x")) {
                try await simulate(program, variables, socket: $0.appendingPathComponent("sensors").path)
            }
        }
        // A first Ctrl-C or SIGTERM lets the app stop in order, a second one ends fwtool, upon which the kernel kills it.
        let signals = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if work.isCancelled { _exit(130) }
                work.cancel()
            }
            source.resume()
            return source
        }
        defer { for source in signals { source.cancel() } }
        do { try await work.value } catch is CancellationError {}
    }

    private func scriptFile() throws -> URL? {
        let file =
            script.map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: packagePath).appendingPathComponent("simulation.conf")
        if FileManager.default.fileExists(atPath: file.path) { return file }
        guard let script else { return nil }
        throw FwtoolError("there is no file \(script)", remedy: "docs/simulation.md says what is in one")
    }

    /// - Returns: the program's path.
    private func build() throws -> String {
        let package = try AppPackage(folder: URL(fileURLWithPath: packagePath))
        let words = ["build", "--package-path", package.folder.path, "--product", package.product]
        let command = Command("swift", words, deadline: 3600)
        let quiet = options.quiet
        let result = try command.execute { text in
            if !quiet { FileHandle.standardError.write(Data(text.utf8)) }
        }
        guard result.status == 0 else {
            let text = (result.output + result.errors).split(separator: "\n").filter { $0.contains(": error: ") }
            throw FwtoolError(
                "\(package.product) does not compile\(text.isEmpty ? "" : ": \(text.prefix(3).joined(separator: "; "))")",
                remedy: "correct it; the same without fwtool: \(command.line)")
        }
        let folder = try Command("swift", words + ["--show-bin-path"], deadline: 300).run()
        return folder.trimmingCharacters(in: .whitespacesAndNewlines) + "/" + package.product
    }

    private func simulate(_ program: String, _ environment: [String: String], socket: String) async throws {
        let variables = environment.merging(["APUS_SENSORS": socket]) { _, new in new }
        let app = try await EmulatorProcess.start(
            program, name: URL(fileURLWithPath: program).lastPathComponent, [], in: packagePath, environment: variables)
        let screen = SimulationScreen(isTerminal: isatty(STDOUT_FILENO) == 1 && !json, showsLog: log)
        let result: Result<Void, any Error>
        do { result = .success(try await watch(app, on: screen, socket: socket)) } catch { result = .failure(error) }
        await app.stop()
        // Its last words; in a task that was not cancelled.
        await Task { while let line = try? await app.errors.nextLine() { screen.show(log: line) } }.value
        try result.get()
    }

    private func watch(_ app: EmulatorProcess, on screen: SimulationScreen, socket: String) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await app.errors.waitForEnd()
                let status = await app.exitStatus()
                throw FwtoolError("the app ended with status \(status); its last lines:\n  \(app.errors.tail())")
            }
            group.addTask {
                while let line = try? await app.errors.nextLine() { screen.show(log: line) }
                try await Self.waitForOthers()
            }
            group.addTask {
                for try await line in Self.reports(at: socket) {
                    let report = try SensorReport(parsing: line)
                    if json {
                        print(String(decoding: report.line, as: UTF8.self))
                        fflush(nil)
                    } else {
                        screen.show(report)
                    }
                }
                try await Self.waitForOthers()
            }
            if let timeout { group.addTask { try await Task.sleep(for: .seconds(timeout)) } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The app has ended or is about to, which the task that knows its status tells: long before a minute is over.
    private static func waitForOthers() async throws {
        try await Task.sleep(for: .seconds(60))
    }

    /// What the app says, read on a thread of its own.
    private static func reports(at socket: String) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            Thread.detachNewThread {
                do {
                    let stream = try connect(to: socket)
                    // Ended by the end of the app at the latest.
                    while let line = try stream.nextLine() {
                        if case .terminated = continuation.yield(line) { return }
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
        }
    }

    /// The app makes its socket when it has read its script.
    private static func connect(to socket: String) throws -> SensorStream {
        // Half a minute: starting takes a tenth of a second, on a machine that has other things to do some.
        for _ in 0..<300 {
            if let stream = try? SensorStream(path: socket) { return stream }
            usleep(100_000)
        }
        return try SensorStream(path: socket)
    }
}

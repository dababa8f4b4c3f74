import ArgumentParser
import Foundation
import Monitoring
import Synchronization

struct EmulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "emulate", abstract: "Boot a card image in QEMU and print the readings the board publishes.",
        discussion: """
            The board boots from a copy of the image, through its own U-Boot, and publishes to a private MQTT broker on
            this machine. One line a reading: time, device, sensor, value, unit. Ctrl-C ends it all.

            With --console and --set console=shell the lines you type go to a root shell on the board.

            EXAMPLES
              fwtool emulate --target rpi3
              fwtool emulate --target rpi3 --console --set console=shell
              fwtool emulate build/WeatherStation-rpi4.img --target rpi4 --console
              fwtool emulate --target virt --set button.line=GPIO0 --until-readings 10 --json
            """)

    @Argument(help: "The card image. (default: the one build/*-TARGET.img)")
    var file: String?

    @Option(help: "The board: a name from fwtool boards, or a profile's path.")
    var target: String

    @Option(name: .customLong("set"), help: "A setting for this card, NAME=VALUE; repeatable.")
    var settings: [String] = []

    @Flag(help: "Show the board's serial console on standard error and type lines of standard input on it.")
    var console = false

    @Flag(help: "Print the messages as they come: SenML, one a line.")
    var json = false

    @Option(help: "Leave QEMU's sockets in this folder: qmp sets sensors' values, qtest drives input lines.")
    var sockets: String?

    @Option(help: "Stop after so many readings.")
    var untilReadings: Int?

    @Option(help: "Stop after so many seconds; a failure when --until-readings is not reached by then.")
    var timeout: Int?

    @OptionGroup var options: OutputOptions

    func validate() throws {
        for setting in settings where !setting.contains("=") {
            throw ValidationError("'\(setting)' is no setting; write NAME=VALUE")
        }
        if let untilReadings, untilReadings < 1 { throw ValidationError("--until-readings must be 1 or more") }
        if let timeout, timeout < 1 { throw ValidationError("--timeout must be 1 second or more") }
    }

    func run() async throws {
        let board = try BoardCatalog.installed().profile(target)
        let image = try imageFile(for: board)
        for tool in EmulatorTool.allCases { _ = try tool.path() }

        let work = Task {
            try await TemporaryFolder.with(beside: image) { folder in
                try await EmulatorBroker.with(in: folder) { broker in
                    try await emulate(board, image: image, in: folder, broker: broker)
                }
            }
        }
        // Ctrl-C and a service manager's SIGTERM end QEMU and mosquitto in order and remove the card's copy. A second one
        // ends fwtool at once, upon which the kernel kills both.
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
        do { try await work.value } catch is CancellationError {
            if untilReadings != nil { throw FwtoolError("stopped before \(untilReadings ?? 0) readings came") }
        }
    }

    private func imageFile(for board: BoardProfile) throws -> URL {
        if let file { return URL(fileURLWithPath: file) }
        let folder = URL(fileURLWithPath: "build")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let images = names.filter { $0.hasSuffix("-\(board.name).img") && !$0.hasPrefix(".") }.sorted()
        guard let name = images.first, images.count == 1 else {
            throw FwtoolError(
                images.isEmpty
                    ? "there is no card image build/*-\(board.name).img"
                    : "there are several card images for \(board.name): \(images.joined(separator: ", "))",
                remedy: images.isEmpty
                    ? "build one with fwtool build --target \(board.name) and fwtool image" : "name one of them")
        }
        return folder.appendingPathComponent(name)
    }

    private func emulate(_ board: BoardProfile, image: URL, in folder: URL, broker: EmulatorBroker) async throws {
        // As it is read here, whatever the app is configured for.
        var provisioned = [
            (key: "broker", value: broker.urlForGuest), (key: "broker.topic", value: "apus/{device}/readings"),
            (key: "broker.format", value: "json"),
        ]
        for setting in settings {
            let words = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            provisioned.append((words[0], words[1]))
        }
        let card = try EmulatorCard(file: image).copy(to: folder.appendingPathComponent("card.img"))
        try card.provision(provisioned)
        let sockets = sockets.map { URL(fileURLWithPath: $0) }
        try await Emulator.with(board, card: card, in: folder, sockets: sockets) { emulator in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await printReadings(of: board, emulator, from: broker) }
                group.addTask {
                    let status = try await emulator.end()
                    throw FwtoolError("QEMU ended with status \(status): \(emulator.complaints)")
                }
                if console {
                    // A thread, because reading a terminal blocks.
                    Thread.detachNewThread { Self.typeInput(on: emulator) }
                    group.addTask {
                        while true {
                            let line = try await emulator.console.nextLine()
                            FileHandle.standardError.write(Data("\(line)\n".utf8))
                        }
                    }
                }
                if let timeout {
                    group.addTask {
                        try await Task.sleep(for: .seconds(timeout))
                        guard let untilReadings else { return }
                        throw FwtoolError(
                            "less than \(untilReadings) readings came within \(timeout) s; the console's last lines:\n  "
                                + emulator.console.tail(),
                            remedy: "raise --timeout, or look at it with --console")
                    }
                }
                // The first task to end, by count, time or error, ends the others.
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    /// Types lines of standard input on the board's console until the input or the board ends; neither ends the other.
    private static func typeInput(on emulator: Emulator) {
        // Not readLine(): while that waits it holds the lock of stdin, for which fflush(nil) below would wait.
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            for byte in buffer[..<count] {
                guard byte == UInt8(ascii: "\n") else {
                    line.append(byte)
                    continue
                }
                guard (try? emulator.type(String(decoding: line, as: UTF8.self))) != nil else { return }
                line.removeAll(keepingCapacity: true)
            }
        }
    }

    private func printReadings(of board: BoardProfile, _ emulator: Emulator, from broker: EmulatorBroker) async throws {
        let boot = console ? nil : options.progress("Booting \(board.title)")
        let first: EmulatorBroker.Message
        do {
            first = try await Deadline.within(
                .seconds(board.emulation?.deadline ?? 0), "\(board.name) published no reading"
            ) { try await broker.nextMessage() }
        } catch let error as FwtoolError {
            let words = "\(error); the console's last lines:\n  \(emulator.console.tail())"
            // An app need not publish at all; only who counts readings waits in vain.
            guard untilReadings == nil else { throw FwtoolError(words, remedy: "look at it with --console") }
            boot?.finish()
            options.warn(words)
            first = try await broker.nextMessage()
        }
        boot?.finish()
        var count = 0
        var message = first
        while true {
            count += try show(message)
            if let untilReadings, count >= untilReadings { return }
            message = try await broker.nextMessage()
        }
    }

    /// Prints a message and returns the number of readings in it.
    private func show(_ message: EmulatorBroker.Message) throws -> Int {
        let records = try SenMLPack(parsing: message.payload).records
        if json {
            print(message.payload)
        } else {
            for record in records { print(PrintableText.of(record.line(device: message.device))) }
        }
        // Seen at once in a pipe, too.
        fflush(nil)
        return records.count
    }
}

extension SenMLPack.Record {
    /// Time, device, sensor, value, unit.
    fileprivate func line(device: String) -> String {
        let moment =
            switch time {
            case .absolute(let seconds): Date(timeIntervalSince1970: seconds)
            case .relative(let seconds): Date(timeIntervalSinceNow: seconds)
            }
        let time = moment.formatted(.iso8601.time(includingFractionalSeconds: true))
        let text =
            switch value {
            case .number(let number): "\(number)"
            case .bool(let flag): "\(flag)"
            case .string(let string): string
            }
        return [time, device, sensor(of: device), text, unit].filter { !$0.isEmpty }.joined(separator: "  ")
    }

    /// The name without the device's, which begins every name of its records.
    private func sensor(of device: String) -> String {
        guard let end = name.range(of: device)?.upperBound else { return name }
        let rest = name[end...].drop { !$0.isLetter && !$0.isNumber }
        return rest.isEmpty ? name : String(rest)
    }
}

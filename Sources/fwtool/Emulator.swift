import Foundation

/// A board played by QEMU, from power-on to power-off.
final class Emulator: Sendable {
    private let process: EmulatorProcess
    /// The machine from outside: sensors' values, device paths.
    let qmp: QMPClient
    /// The machine's input lines from outside, unless others drive them.
    let qtest: QTestClient

    /// What is at the machine's first serial port; nil where nothing is.
    let serial: LineSocket?

    private init(process: EmulatorProcess, qmp: QMPClient, qtest: QTestClient, serial: LineSocket?) {
        self.serial = serial
        self.process = process
        self.qmp = qmp
        self.qtest = qtest
    }

    /// Powers the board on, runs `body` beside it, and powers it off.
    ///
    /// - Parameters:
    ///   - card: written to by the board; of an image to keep, a copy.
    ///   - folder: an existing folder for the files QEMU starts from.
    ///   - hasSerial: connects the machine's first serial port, where that is not the console.
    ///   - sockets: a folder for sockets through which other programs set sensors (`qmp`) and drive input lines (`qtest`).
    ///   - writeLog: an empty file for notes of all writes and flushes of the card, where that is one with virtio.
    /// - Throws: `FwtoolError` when the board cannot be emulated, a program is missing, the card is not this board's, or
    ///   QEMU refuses to start; and what `body` throws.
    static func with<T: Sendable>(
        _ board: BoardProfile, card: EmulatorCard, in folder: URL, hasSerial: Bool = false, sockets: URL? = nil,
        writeLog: URL? = nil, _ body: @Sendable (Emulator) async throws -> T
    ) async throws -> T {
        let emulator = try await start(
            board, card: card, in: folder, hasSerial: hasSerial, sockets: sockets, writeLog: writeLog)
        do {
            let result = try await body(emulator)
            await emulator.process.stop()
            return result
        } catch {
            await emulator.process.stop()
            throw error
        }
    }

    private static func start(
        _ board: BoardProfile, card: EmulatorCard, in folder: URL, hasSerial: Bool, sockets: URL?, writeLog: URL?
    ) async throws -> Emulator {
        guard let emulation = board.emulation else {
            throw FwtoolError(
                "QEMU has no model of the board \(board.name)", remedy: "burn the image to a card instead")
        }
        try card.check(isFor: board)
        let bootloader = folder.appendingPathComponent(emulation.bootloader.file)
        try card.extract(emulation.bootloader.file, to: bootloader)
        let deviceTree = try emulation.deviceTree.map { tree in
            let file = folder.appendingPathComponent(tree.file)
            try card.extract(tree.file, to: file)
            try DeviceTree(file: file).apply(tree.edits)
            return file
        }

        let (qmpSocket, qmpDescriptor) = try LineSocket.pair()
        let (qtestSocket, qtestDescriptor) = try LineSocket.pair()
        let serial = hasSerial ? try LineSocket.pair() : nil
        let passed = [qmpDescriptor, qtestDescriptor] + [serial?.theirs].compactMap(\.self)
        let process: EmulatorProcess
        do {
            // Closed before QEMU is spoken to: its end would go unnoticed while its ends of the sockets were open here.
            defer { for descriptor in passed { close(descriptor) } }
            let line = EmulatorCommandLine(
                board: board, emulation: emulation, card: card.file, bootloader: bootloader, deviceTree: deviceTree,
                qmp: qmpDescriptor, qtest: qtestDescriptor, serial: serial?.theirs, sockets: sockets,
                writeLog: writeLog)
            process = try await EmulatorProcess.start(.qemu, line.arguments, passing: passed)
        }
        // Read, or QEMU would wait at a full socket: it sends byte by byte, of which a socket holds some hundred.
        serial?.ours.readChunks(onChunk: { _ in }, onEnd: {})
        let emulator = Emulator(
            process: process, qmp: QMPClient(socket: qmpSocket), qtest: QTestClient(socket: qtestSocket),
            serial: serial?.ours)
        do {
            try await emulator.qmp.negotiate()
        } catch {
            await process.stop()
            if error is CancellationError { throw error }
            throw FwtoolError(
                "QEMU did not start the board \(board.name): \(process.errors.tail())",
                remedy: "run: fwtool doctor (QEMU 9.0 or newer is needed for the Raspberry Pi 4)")
        }
        return emulator
    }

    /// What the board writes to its serial console.
    var console: EmulatorOutput { process.output }

    /// QEMU's own complaints.
    var complaints: String { process.errors.tail() }

    /// Types a line on the serial console.
    func type(_ line: String) throws { try process.send(line) }

    /// Ends the board as a power cut does: at once, whatever it is doing.
    func cutPower() async { await process.kill() }

    /// Waits for QEMU's end and returns its exit status.
    ///
    /// - Throws: `CancellationError`.
    func end() async throws -> Int32 {
        try await console.waitForEnd()
        return await process.exitStatus()
    }
}

import Glibc
import Synchronization
import Testing

@testable import Hardware

/// The serial port's API on the simulated backend.
@Suite(.timeLimit(.minutes(10)))
struct SerialPortTests {
    private let line = SimulatedSerial()
    private let settings = SerialSettings(baudRate: 9600)

    private func open(_ framing: SerialFraming) throws -> SerialPort {
        try SerialPort(simulated: line, settings: settings, framing: framing, name: "uart0")
    }

    @Test func framesComeInOrderWithTheirTime() async throws {
        let port = try open(.line(maximum: 20, isFirstWhole: true))
        #expect(line.settings == settings)
        line.send(Array("one\ntw".utf8))
        line.send(Array("o\n".utf8))
        var frames = port.frames.makeAsyncIterator()
        let one = try #require(try await frames.next())
        let two = try #require(try await frames.next())
        #expect(one.bytes == Array("one".utf8))
        #expect(two.bytes == Array("two".utf8))
        #expect(one.time > 0 && two.time >= one.time)
        let statistics = port.statistics
        #expect(statistics.bytes == 8)
        #expect(statistics.frames == 2)
    }

    @Test func aPauseEndsAFrame() async throws {
        let port = try open(.idle(.seconds(60), maximum: 20))
        line.send([9])
        line.pause()
        line.send([1, 2])
        line.pause()
        line.pause()
        line.send([3])
        line.pause()
        var frames = port.frames.makeAsyncIterator()
        #expect(try await frames.next()?.bytes == [1, 2])
        #expect(try await frames.next()?.bytes == [3])
    }

    @Test func aSlowConsumerLosesTheOldestAndIsTold() async throws {
        let port = try open(.length(1))
        line.send((0..<100).map { UInt8($0) })
        #expect(port.statistics.frames == 100)
        #expect(port.statistics.droppedFrames == 36)
        var frames = port.frames.makeAsyncIterator()
        #expect(try await frames.next()?.bytes == [36])
    }

    @Test func whatIsWrittenReachesTheOtherEnd() async throws {
        let written = Mutex<[UInt8]>([])
        let port = try open(.length(2))
        line.onWrite { [line] bytes in
            written.withLock { $0 += bytes }
            line.send([9, UInt8(bytes.count)])
        }
        try await port.write([1, 2, 3])
        #expect(written.withLock { $0 } == [1, 2, 3])
        var frames = port.frames.makeAsyncIterator()
        #expect(try await frames.next()?.bytes == [9, 3])
    }

    @Test func aPortHasOneUser() async throws {
        var port: SerialPort? = try open(.length(1))
        let error = #expect(throws: SerialError.self) { try open(.length(1)) }
        #expect(error == .busy(port: "uart0"))
        #expect(port != nil && line.isOpen)
        port = nil
        #expect(!line.isOpen)
        _ = try open(.length(1))
    }

    @Test func itsFramesKeepThePort() async throws {
        var port: SerialPort? = try open(.length(1))
        let frames = try #require(port?.frames)
        port = nil
        line.send([7])
        for try await frame in frames {
            #expect(frame.bytes == [7])
            break
        }
    }

    @Test func aClosedPortEndsItsFramesAndRefusesWrites() async throws {
        let port = try open(.length(1))
        port.close()
        port.close()
        for try await _ in port.frames { Issue.record("nothing came") }
        await #expect(throws: SerialError.closed(port: "uart0")) { try await port.write([1]) }
        #expect(!line.isOpen)
    }

    @Test func anUnpluggedPortFailsAndComesBack() async throws {
        let port = try open(.length(1))
        line.send([1])
        line.unplug()
        var frames = port.frames.makeAsyncIterator()
        #expect(try await frames.next()?.bytes == [1])
        let error = await #expect(throws: SerialError.self) { try await frames.next() }
        #expect(error?.description == "the serial port uart0 failed: it was unplugged")
        #expect(throws: SerialError.noPort(port: "uart0", reason: "there is no such port")) { try open(.length(1)) }
        line.plug()
        let again = try open(.length(1))
        port.close()
        line.send([2])
        frames = again.frames.makeAsyncIterator()
        #expect(try await frames.next()?.bytes == [2], "the end of the former user is none of its")
    }
}

/// The kernel backend on pseudo-terminals.
@Suite(.timeLimit(.minutes(10)))
struct LinuxSerialTests {
    private let settings = SerialSettings(baudRate: 115_200)

    @Test func whatIsSentArrivesUnchanged() async throws {
        let terminal = try PseudoTerminal()
        let port = try SerialPort(path: terminal.path, settings: settings, framing: .length(256))
        // All bytes, those a terminal would translate or take for a signal among them.
        let bytes = (0...255).map { UInt8($0) }
        terminal.send(bytes)
        var frames = port.frames.makeAsyncIterator()
        let before = UInt64(clamping: monotonicNow())
        #expect(try await frames.next()?.bytes == bytes)
        terminal.send(bytes)
        let second = try #require(try await frames.next())
        #expect(second.bytes == bytes)
        #expect((before...UInt64(clamping: monotonicNow())).contains(second.time))
        #expect(port.statistics.bytes == 512)
        #expect(port.statistics.framingErrors == 0)
        try await port.write(bytes)
        var received: [UInt8] = []
        while received.count < 256 { received += terminal.receive() }
        #expect(received == bytes)
    }

    @Test func aPauseEndsAFrame() async throws {
        let terminal = try PseudoTerminal()
        let framing = SerialFraming.idle(.milliseconds(50), maximum: 9, isFirstWhole: true)
        let port = try SerialPort(path: terminal.path, settings: settings, framing: framing)
        var frames = port.frames.makeAsyncIterator()
        terminal.send([1, 2, 3])
        #expect(try await frames.next()?.bytes == [1, 2, 3])
        terminal.send([4])
        #expect(try await frames.next()?.bytes == [4])
    }

    @Test func aPortHasOneUser() throws {
        let terminal = try PseudoTerminal()
        let port = try SerialPort(path: terminal.path, settings: settings, framing: .length(1))
        let error = #expect(throws: SerialError.self) {
            try SerialPort(path: terminal.path, settings: settings, framing: .length(1))
        }
        #expect(
            error?.description
                == "the serial port \(terminal.path) is in use; two readers would tear the data apart")
        port.close()
        _ = try SerialPort(path: terminal.path, settings: settings, framing: .length(1))
    }

    @Test func aPortThatIsGoneEndsFramesAndWrites() async throws {
        let terminal = try PseudoTerminal()
        let port = try SerialPort(path: terminal.path, settings: settings, framing: .length(1))
        terminal.unplug()
        await #expect(throws: SerialError.self) {
            for try await _ in port.frames {}
        }
        await #expect(throws: SerialError.self) { try await port.write([1]) }
    }

    @Test func aWriteThatIsNotTakenEndsInTime() async throws {
        let terminal = try PseudoTerminal()
        let port = try SerialPort(path: terminal.path, settings: settings, framing: .length(1))
        // Far more than the kernel's buffers, and nobody reads; a second one waits behind it.
        let bytes = [UInt8](repeating: 0, count: 1 << 20)
        async let second: Void = port.write([1], within: .milliseconds(20))
        let error = await #expect(throws: SerialError.self) { try await port.write(bytes, within: .milliseconds(50)) }
        guard case .writeTimeout(terminal.path, let written, of: 1 << 20) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(written < 1 << 20)
        _ = try? await second
        // The line is usable again once the other end reads.
        _ = terminal.receive(upTo: 1 << 20)
        while (try? await port.write([1], within: .milliseconds(50))) == nil { _ = terminal.receive(upTo: 1 << 20) }
    }

    @Test func aLateWriterBehindAPatientOneIsToldSo() async throws {
        let terminal = try PseudoTerminal()
        let port = try SerialPort(path: terminal.path, settings: settings, framing: .length(1))
        let patient = Task { try await port.write([UInt8](repeating: 0, count: 1 << 20), within: .seconds(3600)) }
        // Now it is being written.
        _ = terminal.receive()
        await #expect(throws: SerialError.writeTimeout(port: terminal.path, written: 0, of: 1)) {
            try await port.write([1], within: .milliseconds(20))
        }
        port.close()
        await #expect(throws: SerialError.closed(port: terminal.path)) { try await patient.value }
    }

    @Test func writesStayWhole() async throws {
        let terminal = try PseudoTerminal()
        let port = try SerialPort(path: terminal.path, settings: settings, framing: .length(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for value in 0..<50 as Range<UInt8> {
                group.addTask { try await port.write([UInt8](repeating: value, count: 40)) }
            }
            try await group.waitForAll()
        }
        var received: [UInt8] = []
        while received.count < 2000 { received += terminal.receive() }
        let values = stride(from: 0, to: 2000, by: 40).map { Set(received[$0..<$0 + 40]) }
        #expect(Set(values) == Set((0..<50).map { [$0] }))
    }

    @Test func settingsThePortCannotDoAreRefused() throws {
        let terminal = try PseudoTerminal()
        func open(_ settings: SerialSettings) throws {
            _ = try SerialPort(path: terminal.path, settings: settings, framing: .length(1))
        }
        let error = #expect(throws: SerialError.self) { try open(SerialSettings(baudRate: 12_345)) }
        #expect(error?.description.contains("refuses 12345 baud: the rates are 50, 75, 110") == true)
        // A pseudo-terminal has eight bits and no parity, whatever it is told.
        #expect(throws: SerialError.self) { try open(SerialSettings(baudRate: 9600, dataBits: 7, parity: .even)) }
        #expect(throws: SerialError.self) { try open(SerialSettings(baudRate: 9600, dataBits: 9)) }
        #expect(throws: SerialError.self) { try open(SerialSettings(baudRate: 9600, stopBits: 0)) }
        for rate in SerialSettings.standardBaudRates {
            try open(SerialSettings(baudRate: rate, stopBits: 2, flowControl: .hardware))
        }
        try open(SerialSettings(baudRate: 9600, flowControl: .software))
    }

    @Test(arguments: [(7, 7, 0), (9, 7, 2), (1, 0xFFFF_FFFF, 2), (0, 0xFFFF_FFFF, 1)] as [(UInt64, UInt64, UInt64)])
    func theKernelsCountersMayRunOver(counter: UInt64, before: UInt64, growth: UInt64) {
        #expect(LinuxSerial.growth(of: counter, since: before) == growth)
    }

    @Test func whatIsNoPortIsNamed() {
        func error(_ path: String) -> SerialError? {
            #expect(throws: SerialError.self) {
                try SerialPort(path: path, settings: settings, framing: .length(1))
            }
        }
        #expect(
            error("/dev/ttyNone")?.description == "cannot open the serial port /dev/ttyNone: "
                + "there is no such port; it may be disabled in the device tree, or unplugged")
        #expect(error("/dev/null") == .noPort(port: "/dev/null", reason: "it is not a serial port"))
        #expect(error("/dev") == .noPort(port: "/dev", reason: "Is a directory"))
    }

    private func monotonicNow() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

import Hardware
import Synchronization
import Testing

/// The lines' API on the simulated backend.
@Suite(.timeLimit(.minutes(10)))
struct GPIOLineTests {
    private let chip = SimulatedGPIO(label: "bench", lines: 8)

    @Test func inputReadsWhatDrivesIt() throws {
        let line = try InputLine(on: .simulated(chip), offset: 3)
        #expect(try !line.level())
        try chip.drive(3, high: true)
        #expect(try line.level())
        try chip.drive(3, high: false)
        #expect(try !line.level())
    }

    @Test func biasDecidesWhereNothingDrives() throws {
        let up = try InputLine(on: .simulated(chip), offset: 0, InputOptions(bias: .pullUp))
        let down = try InputLine(on: .simulated(chip), offset: 1, InputOptions(bias: .pullDown))
        #expect(try up.level())
        #expect(try !down.level())
        try chip.drive(0, high: false)
        #expect(try !up.level())
        try chip.drive(0, high: nil)
        #expect(try up.level())
    }

    @Test func outputDrivesItsLine() throws {
        let line = try OutputLine(on: .simulated(chip), offset: 2, initial: true)
        #expect(try chip.level(of: 2))
        try line.set(false)
        #expect(try !chip.level(of: 2))
        try chip.drive(2, high: true)
        #expect(try !chip.level(of: 2), "an output is stronger than the outside")
    }

    @Test func joinedLinesShareTheLevel() async throws {
        try chip.join(4, 5)
        let output = try OutputLine(on: .simulated(chip), offset: 4, initial: false)
        let input = try InputLine(on: .simulated(chip), offset: 5, InputOptions(bias: .pullUp, edges: .both))
        #expect(try !input.level())
        try output.set(true)
        #expect(try input.level())
        try output.set(true)
        try output.set(false)
        output.release()
        #expect(try input.level(), "let go, the pull resistor wins")
        input.release()
        #expect(try await kinds(input.events) == [.rising, .falling, .rising])
    }

    @Test func joiningAnewTakesTheOldWiresOff() throws {
        let output = try OutputLine(on: .simulated(chip), offset: 0, initial: true)
        let former = try InputLine(on: .simulated(chip), offset: 1)
        let later = try InputLine(on: .simulated(chip), offset: 2)
        try chip.join(0, 1)
        #expect(try former.level() && !later.level())
        try chip.join(2, 0)
        #expect(try !former.level() && later.level())
        try output.set(false)
        #expect(try !later.level())
    }

    @Test func edgesArriveInOrderWithTimeAndNumbers() async throws {
        let line = try InputLine(on: .simulated(chip), offset: 1, InputOptions(edges: .both))
        for level in [true, true, false, true, false, false] { try chip.drive(1, high: level) }
        line.release()
        var events: [EdgeEvent] = []
        for try await event in line.events { events.append(event) }
        #expect(events.map(\.kind) == [.rising, .falling, .rising, .falling])
        #expect(events.map(\.lineSequence) == [1, 2, 3, 4])
        #expect(events.map(\.globalSequence) == [1, 2, 3, 4])
        #expect(events.map(\.timestamp) == events.map(\.timestamp).sorted())
        #expect((events.first?.timestamp ?? 0) > 0)
    }

    @Test func aPulseHasTheTimesOfBothItsEdges() async throws {
        let line = try InputLine(on: .simulated(chip), offset: 1, InputOptions(bias: .pullUp, edges: .both))
        try chip.pulse(1, high: false, lasting: .milliseconds(5))
        #expect(try line.level())
        line.release()
        var events: [EdgeEvent] = []
        for try await event in line.events { events.append(event) }
        try #require(events.map(\.kind) == [.falling, .rising])
        #expect(events[1].timestamp - events[0].timestamp == 5_000_000)
    }

    private final class Seen: Sendable {
        let levels = Mutex<[Bool]>([])
    }

    @Test func whoLooksAtALineIsToldAndMayAnswer() throws {
        let seen = Seen()
        let chip = chip
        try chip.onChange(of: 2) { [weak chip] isHigh in
            seen.levels.withLock { $0.append(isHigh) }
            try? chip?.drive(3, high: isHigh)
        }
        let line = try OutputLine(on: .simulated(chip), offset: 2, initial: true)
        #expect(try chip.level(of: 3))
        for level in [true, false, false, true] { try line.set(level) }
        try chip.onChange(of: 2, nil)
        try line.set(false)
        #expect(seen.levels.withLock { $0 } == [true, false, true])
        #expect(throws: GPIOError.noSuchLine(chip: "bench", offset: 8, lines: 8)) { try chip.onChange(of: 8) { _ in } }
    }

    @Test(arguments: [(EdgeDetection.rising, EdgeEvent.Kind.rising), (.falling, .falling)])
    func onlyTheAskedEdgesArrive(_ edges: EdgeDetection, _ kind: EdgeEvent.Kind) async throws {
        let line = try InputLine(on: .simulated(chip), offset: 1, InputOptions(edges: edges))
        for _ in 0..<3 {
            try chip.drive(1, high: true)
            try chip.drive(1, high: false)
        }
        line.release()
        #expect(try await kinds(line.events) == [kind, kind, kind])
    }

    @Test func lineWithoutEdgesHasNoEvents() async throws {
        let line = try InputLine(on: .simulated(chip), offset: 1)
        try chip.drive(1, high: true)
        #expect(try await kinds(line.events) == [])
    }

    @Test func eachEventIsHandedOutUntilTheBodyThrows() async throws {
        struct Enough: Error {}
        let line = try InputLine(on: .simulated(chip), offset: 1, InputOptions(edges: .both))
        for level in [true, false, true] { try chip.drive(1, high: level) }
        var kinds: [EdgeEvent.Kind] = []
        await #expect(throws: Enough.self) {
            try await line.events.handle { event in
                kinds.append(event.kind)
                if kinds.count == 2 { throw Enough() }
            }
        }
        #expect(kinds == [.rising, .falling])
    }

    @Test func handingOutEndsWhenTheBodyReleasesTheLine() async throws {
        let line = try InputLine(on: .simulated(chip), offset: 1, InputOptions(edges: .both))
        try chip.drive(1, high: true)
        var count = 0
        try await line.events.handle { _ in
            count += 1
            line.release()
        }
        #expect(count == 1)
    }

    @Test func eventsReachAWaitingConsumer() async throws {
        let line = try InputLine(on: .simulated(chip), offset: 1, InputOptions(edges: .both))
        var iterator = line.events.makeAsyncIterator()
        for level in [true, false, true] {
            async let driven: Void = chip.drive(1, high: level)
            #expect(try await iterator.next()?.kind == (level ? .rising : .falling))
            try await driven
        }
    }

    @Test func lostEventsShowAsAGap() async throws {
        let line = try InputLine(on: .simulated(chip), offset: 1, InputOptions(edges: .both))
        let count = EdgeEvents.capacity + 10
        for index in 0..<count { try chip.drive(1, high: index % 2 == 0) }
        line.release()
        var sequences: [UInt64] = []
        for try await event in line.events { sequences.append(event.lineSequence) }
        #expect(sequences == Array(11...UInt64(count)), "the ten oldest are gone, the rest is whole")
    }

    @Test func lineInUseIsBusyUntilReleased() throws {
        let line = try InputLine(on: .simulated(chip), offset: 6, InputOptions(consumer: "lamp"))
        let error = #expect(throws: GPIOError.self) { try OutputLine(on: .simulated(chip), offset: 6, initial: false) }
        guard case .busy("bench", 6, let consumer) = error else {
            Issue.record("not busy: \(String(describing: error))")
            return
        }
        // The program's name stands before "lamp" and may leave it less room than it needs.
        #expect(consumer == (try GPIOChip.simulated(chip).line(6).consumer))
        #expect(!consumer.isEmpty && consumer.utf8.count <= 31)
        #expect(error?.description == "line 6 of the GPIO chip bench is in use by \"\(consumer)\"")
        line.release()
        let output = try OutputLine(on: .simulated(chip), offset: 6, initial: true)
        line.release()
        #expect(throws: GPIOError.self) { try InputLine(on: .simulated(chip), offset: 6) }
        try output.set(false)
    }

    @Test func forgottenLineIsReleased() throws {
        for _ in 0..<3 { _ = try InputLine(on: .simulated(chip), offset: 6, InputOptions(edges: .both)) }
        _ = try OutputLine(on: .simulated(chip), offset: 6, initial: true)
        #expect(try !chip.level(of: 6))
    }

    @Test func releasedLineSaysSo() throws {
        let input = try InputLine(on: .simulated(chip), offset: 6)
        let output = try OutputLine(on: .simulated(chip), offset: 7, initial: true)
        input.release()
        output.release()
        #expect(throws: GPIOError.released(chip: "bench", offset: 6)) { try input.level() }
        #expect(throws: GPIOError.released(chip: "bench", offset: 7)) { try output.set(true) }
        #expect(
            GPIOError.released(chip: "bench", offset: 7).description == "line 7 of the GPIO chip bench was released")
    }

    @Test func eventsKeepTheirLine() async throws {
        let events = try InputLine(on: .simulated(chip), offset: 1, InputOptions(edges: .rising)).events
        try chip.drive(1, high: true)
        var iterator = events.makeAsyncIterator()
        #expect(try await iterator.next()?.lineSequence == 1)
        #expect(throws: GPIOError.self) { try InputLine(on: .simulated(chip), offset: 1) }
    }

    @Test func releaseEndsAWaitingConsumer() async throws {
        let line = try InputLine(on: .simulated(chip), offset: 1, InputOptions(edges: .both))
        let consumer = Task { try await kinds(line.events) }
        try chip.drive(1, high: true)
        line.release()
        #expect(try await consumer.value == [.rising])
    }

    @Test func cancellationEndsAWaitingConsumer() async throws {
        let line = try InputLine(on: .simulated(chip), offset: 1, InputOptions(edges: .both))
        let consumer = Task { try await kinds(line.events) }
        consumer.cancel()
        #expect(try await consumer.value == [])
    }

    @Test(arguments: [Int.min, -1, 8, Int.max]) func offsetsOutsideOfTheChipAreRefused(_ offset: Int) {
        let error = GPIOError.noSuchLine(chip: "bench", offset: offset, lines: 8)
        #expect(throws: error) { try InputLine(on: .simulated(chip), offset: offset) }
        #expect(throws: error) { try OutputLine(on: .simulated(chip), offset: offset, initial: true) }
        #expect(throws: error) { try chip.drive(offset, high: true) }
        #expect(throws: error) { try chip.join(0, offset) }
        #expect(throws: error) { try chip.level(of: offset) }
        #expect(error.description == "the GPIO chip bench has no line \(offset), only 0 to 7")
    }

    private func kinds(_ events: EdgeEvents) async throws -> [EdgeEvent.Kind] {
        var kinds: [EdgeEvent.Kind] = []
        for try await event in events { kinds.append(event.kind) }
        return kinds
    }
}

/// What the kernel backend says on any machine; lines are tested on the emulated boards.
struct LinuxLineTests {
    @Test func missingChipIsNamed() throws {
        let error = #expect(throws: GPIOError.self) {
            try InputLine(on: .labelled("no-such-chip"), offset: 0, InputOptions(edges: .both))
        }
        let text = try #require(error).description
        #expect(text.hasPrefix("no GPIO chip is labelled \"no-such-chip\": this machine has "))
        #expect(throws: GPIOError.self) { try OutputLine(on: .labelled("no-such-chip"), offset: 0, initial: false) }
    }

    @Test func errorsTellWhatThereIs() {
        let error = GPIOError.noChip(
            label: "pinctrl-bcm2711", present: ["gpio-a", "gpio-b"],
            unreadable: ["/dev/gpiochip2: Permission denied"])
        #expect(
            error.description
                == "no GPIO chip is labelled \"pinctrl-bcm2711\": this machine has \"gpio-a\", \"gpio-b\"; "
                + "cannot open /dev/gpiochip2: Permission denied")
        #expect(
            GPIOError.busy(chip: "c", offset: 4, consumer: "").description
                == "line 4 of the GPIO chip c is in use by an unnamed consumer")
    }
}

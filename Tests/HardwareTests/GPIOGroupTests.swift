import Testing

@testable import Hardware

/// Groups of lines, their options, and what is known about them, on the simulated backend.
@Suite(.timeLimit(.minutes(10)))
struct GPIOGroupTests {
    private let clock = ManualClock()
    private let simulated: SimulatedGPIO
    private let chip: GPIOChip

    init() {
        simulated = SimulatedGPIO(label: "bench", lines: 70, names: [4: "DOOR"], clock: clock)
        chip = .simulated(simulated)
    }

    @Test func aGroupIsReadAndDrivenAtOnce() throws {
        for (input, output) in zip(0..<64, (0..<6).map { 64 + $0 }) { try simulated.join(input, output) }
        // The order of the offsets is the order of the bits, not that of the chip.
        let inputs = try InputLines(on: chip, offsets: Array((0..<64).reversed()))
        let outputs = try OutputLines(on: chip, offsets: [64, 65, 66, 67, 68, 69], initial: 0b100001)
        #expect(try inputs.bits() == 1 << 63 | 1 << 58)
        #expect(try inputs.levels().enumerated().filter(\.element).map(\.offset) == [58, 63])
        try outputs.set(0b111111, mask: 0b000110)
        #expect(try outputs.bits() == 0b100111)
        #expect(try inputs.bits() == 1 << 63 | 1 << 62 | 1 << 61 | 1 << 58)
        try outputs.set(0)
        #expect(try inputs.bits() == 0)
    }

    @Test func impossibleGroupsAreRefused() throws {
        #expect(throws: GPIOError.invalidCount(chip: "bench", count: 0, needed: 1...64)) {
            try InputLines(on: chip, offsets: [])
        }
        #expect(throws: GPIOError.invalidCount(chip: "bench", count: 65, needed: 1...64)) {
            try OutputLines(on: chip, offsets: Array(0..<65))
        }
        #expect(throws: GPIOError.repeatedLine(chip: "bench", offset: 3)) {
            try InputLines(on: chip, offsets: [3, 4, 3])
        }
        #expect(throws: GPIOError.noSuchLine(chip: "bench", offset: 70, lines: 70)) {
            try InputLines(on: chip, offsets: [0, 70])
        }
    }

    @Test func aGroupWithOneBusyLineTakesNone() throws {
        let held = try InputLine(on: chip, offset: 2, InputOptions(consumer: "held"))
        let error = #expect(throws: GPIOError.self) { try InputLines(on: chip, offsets: [1, 2, 3]) }
        guard case .busy("bench", 2, let consumer) = error else {
            Issue.record("not busy: \(String(describing: error))")
            return
        }
        #expect(consumer == LineOptions.consumer("held"))
        _ = try InputLines(on: chip, offsets: [1, 3])
        _ = try held.level()
    }

    @Test func eventsOfAGroupTellTheirLine() async throws {
        let lines = try InputLines(on: chip, offsets: [8, 5], InputOptions(edges: .both))
        for (offset, high) in [(5, true), (8, true), (5, false)] { try simulated.drive(offset, high: high) }
        lines.release()
        var events: [EdgeEvent] = []
        for try await event in lines.events { events.append(event) }
        #expect(events.map(\.offset) == [5, 8, 5])
        #expect(events.map(\.globalSequence) == [1, 2, 3])
        #expect(events.map(\.lineSequence) == [1, 1, 2])
    }

    @Test func lostEventsAreCounted() throws {
        let line = try InputLine(on: chip, offset: 1, InputOptions(edges: .both))
        let count = EdgeEvents.capacity + 10
        for index in 0..<count { try simulated.drive(1, high: index % 2 == 0) }
        #expect(line.statistics.received == UInt64(count))
        #expect(line.statistics.lost == 10)
        #expect(line.statistics.lostInProcess == 10)
        #expect(line.statistics.lostInKernel == 0)
    }

    @Test func activeLowTurnsLevelsAndEdgesRound() async throws {
        try simulated.join(0, 1)
        let input = try InputLine(on: chip, offset: 0, InputOptions(edges: .rising, isActiveLow: true))
        #expect(try input.level())
        let output = try OutputLine(on: chip, offset: 1, initial: false, OutputOptions(isActiveLow: true))
        #expect(try simulated.level(of: 1))
        #expect(try !input.level())
        try output.set(true)
        #expect(try !simulated.level(of: 1))
        #expect(try output.level())
        input.release()
        var events: [EdgeEvent] = []
        for try await event in input.events { events.append(event) }
        #expect(events.map(\.kind) == [.rising])
    }

    @Test func openDrainOutputsShareAWire() throws {
        try simulated.join(0, 1)
        let options = OutputOptions(drive: .openDrain, bias: .pullUp)
        let one = try OutputLine(on: chip, offset: 0, initial: true, options)
        let other = try OutputLine(on: chip, offset: 1, initial: true, options)
        #expect(try one.level() && other.level())
        try one.set(false)
        #expect(try !one.level() && !other.level())
        try one.set(true)
        try other.set(false)
        #expect(try !one.level() && !other.level())
        try other.set(true)
        #expect(try one.level() && other.level())
    }

    @Test func openSourceLetsGoOfLow() throws {
        let line = try OutputLine(on: chip, offset: 0, initial: true, OutputOptions(drive: .openSource))
        try simulated.drive(0, high: false)
        #expect(try line.level())
        try simulated.drive(0, high: true)
        try line.set(false)
        #expect(try line.level(), "driven from outside")
    }

    @Test(arguments: [true, false]) func anOutputIsLeftAtItsSafeLevel(safe: Bool) throws {
        var line: OutputLine? = try OutputLine(on: chip, offset: 9, initial: !safe, OutputOptions(safe: safe))
        try line?.set(!safe)
        line?.release()
        #expect(try simulated.level(of: 9) == safe)
        line = try OutputLine(on: chip, offset: 9, initial: !safe, OutputOptions(isActiveLow: true, safe: safe))
        line = nil
        #expect(try simulated.level(of: 9) == !safe, "the safe level is turned round as well")
    }

    // MARK: - Debouncing

    @Test func aBounceIsOneEdge() async throws {
        let line = try InputLine(on: chip, offset: 1, InputOptions(edges: .both, debounce: .milliseconds(5)))
        for level in [true, false, true, false, true] {
            try simulated.drive(1, high: level)
            #expect(try !line.level())
        }
        await clock.sleeps(5)
        clock.advance(by: .milliseconds(5))
        var events = line.events.makeAsyncIterator()
        let event = try await events.next()
        #expect(event?.kind == .rising)
        #expect(event?.lineSequence == 1)
        #expect(try line.level())
    }

    @Test func aPulseTooShortIsNone() async throws {
        let line = try InputLine(on: chip, offset: 1, InputOptions(edges: .both, debounce: .milliseconds(5)))
        try simulated.drive(1, high: true)
        await clock.sleeps(1)
        clock.advance(by: .milliseconds(4))
        try simulated.drive(1, high: false)
        await clock.sleeps(2)
        clock.advance(by: .milliseconds(5))
        // One that lasts shows that nothing came before it.
        try simulated.drive(1, high: true)
        await clock.sleeps(3)
        clock.advance(by: .milliseconds(5))
        var events = line.events.makeAsyncIterator()
        let event = try await events.next()
        #expect(event?.kind == .rising)
        #expect(event?.lineSequence == 1)
    }

    @Test func everyBounceBeginsThePauseAnew() async throws {
        let line = try InputLine(on: chip, offset: 1, InputOptions(edges: .both, debounce: .milliseconds(5)))
        try simulated.drive(1, high: true)
        await clock.sleeps(1)
        clock.advance(by: .milliseconds(4))
        try simulated.drive(1, high: false)
        try simulated.drive(1, high: true)
        await clock.sleeps(3)
        // The first pause is over now; whoever wakes of it gets the time to do so.
        clock.advance(by: .milliseconds(1))
        for _ in 0..<1000 { await Task.yield() }
        #expect(try !line.level())
        clock.advance(by: .milliseconds(4))
        var events = line.events.makeAsyncIterator()
        #expect(try await events.next()?.lineSequence == 1)
        #expect(try line.level())
    }

    @Test(arguments: [Duration.nanoseconds(-1), .seconds(4295), .seconds(Int64.max)])
    func debouncingForeverIsRefused(period: Duration) {
        #expect(throws: GPIOError.invalidDebounce(chip: "bench", offset: 1, period)) {
            try InputLine(on: chip, offset: 1, InputOptions(debounce: period))
        }
    }

    // MARK: - What is known

    @Test func linesAreDescribed() throws {
        let input = try InputLine(
            on: chip, offset: 4,
            InputOptions(
                bias: .pullUp, edges: .falling, isActiveLow: true, debounce: .milliseconds(2), consumer: "door"))
        let output = try OutputLine(on: chip, offset: 5, initial: true, OutputOptions(drive: .openDrain))
        var expected = LineInfo(offset: 4)
        expected.name = "DOOR"
        expected.isUsed = true
        expected.consumer = LineOptions.consumer("door")
        expected.isActiveLow = true
        expected.bias = .pullUp
        expected.edges = .falling
        expected.debounce = .milliseconds(2)
        #expect(try chip.line(4) == expected)
        let lines = try chip.lines()
        #expect(lines.count == 70)
        #expect(lines[5].direction == .output && lines[5].drive == .openDrain && lines[5].isUsed)
        #expect(!lines[6].isUsed)
        _ = (try input.level(), try output.level())
        input.release()
        #expect(try !chip.line(4).isUsed)
    }

    @Test func linesAreFoundByName() throws {
        #expect(try chip.offset(named: "DOOR") == 4)
        #expect(throws: GPIOError.noLineNamed("WINDOW")) { try chip.offset(named: "WINDOW") }
        #expect(throws: GPIOError.noLineNamed("")) { try chip.offset(named: "") }
        let twice = GPIOChip.simulated(SimulatedGPIO(label: "chip", names: [1: "NC", 2: "NC"]))
        #expect(throws: GPIOError.ambiguousName("NC", chips: ["chip", "chip"])) { try twice.offset(named: "NC") }
    }

    @Test func changesOfUseAreTold() async throws {
        var changes = try chip.changes(of: [4]).makeAsyncIterator()
        let other = try InputLine(on: chip, offset: 5)
        let line = try OutputLine(on: chip, offset: 4, initial: false, OutputOptions(consumer: "lamp"))
        line.release()
        other.release()
        let requested = try await changes.next()
        #expect(requested?.kind == .requested)
        #expect(requested?.line.consumer == LineOptions.consumer("lamp"))
        #expect(requested?.line.direction == .output)
        let released = try await changes.next()
        #expect(released?.kind == .released)
        #expect(released?.line.isUsed == false)
        #expect((released?.timestamp ?? 0) >= (requested?.timestamp ?? 1))
        #expect(throws: GPIOError.noSuchLine(chip: "bench", offset: 70, lines: 70)) { try chip.changes(of: [70]) }
    }

    /// Each line has its own numbers, of 32 bits.
    @Test func gapsInALinesNumbersAreLostEdges() {
        var counts = LinuxLines.Counts(lines: 2)
        for sequence in [1, 2, 5] as [UInt64] { counts.count(sequence, of: 0) }
        counts.count(2, of: 1)
        counts.countLostInProcess()
        #expect(counts.statistics == EdgeStatistics(received: 4, lostInKernel: 3, lostInProcess: 1))
        var endless = LinuxLines.Counts(lines: 1)
        endless.count(UInt64(UInt32.max), of: 0)
        let before = endless.statistics.lostInKernel
        endless.count(0, of: 0)
        endless.count(3, of: 0)
        #expect(endless.statistics.lostInKernel == before + 2)
    }

    @Test func aConsumersNameFits() {
        #expect(LineOptions.consumer("lamp", of: "station") == "station lamp")
        #expect(LineOptions.consumer("", of: "station") == "station")
        #expect(
            LineOptions.consumer("lamp", of: "thirty-one-bytes-and-some-more-") == "thirty-one-bytes-and-some-more-")
        #expect(LineOptions.consumer("lamp", of: "twenty-eight-bytes-of-a-name") == "twenty-eight-bytes-of-a-name la")
        let name = LineOptions.consumer(String(repeating: "ü", count: 100))
        #expect(name.utf8.count <= 31)
        #expect(!name.unicodeScalars.contains("\u{FFFD}"))
        #expect(!LineOptions.consumer("").isEmpty)
    }
}

struct LineNameTests {
    @Test(arguments: [
        ("GPIO17", LineName.number(17)), ("PIN11", .headerPin(11)),
        ("pinctrl-bcm2711:17", .line(chip: "pinctrl-bcm2711", offset: 17)),
        ("9030000.pl061:0", .line(chip: "9030000.pl061", offset: 0)), ("a:b:3", .line(chip: "a:b", offset: 3)),
        ("SDA1", .name("SDA1")), ("GPIO-1", .name("GPIO-1")), ("GPIO", .name("GPIO")), (":3", .name(":3")),
        ("chip:", .name("chip:")), ("GPIO99999999999999999999", .name("GPIO99999999999999999999")),
    ]) func namesAreUnderstood(text: String, name: LineName) {
        #expect(LineName(text) == name)
    }

    @Test func noTextIsNoName() {
        #expect(LineName("") == nil)
    }

    @Test func aDamagedHeaderCostsItsDamagedPairs() throws {
        let settings = ["gpio.label": "chip", "gpio.header": "3:2,5,x:1,:,7:4:9,11:17,"]
        let directory = LineDirectory { settings[$0] }
        #expect(try directory.find(.headerPin(11)).offset == 17)
        #expect(throws: GPIOError.noHeaderPin(7, known: [3, 11])) { try directory.find(.headerPin(7)) }
    }
}

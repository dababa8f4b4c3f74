import Testing

/// That times a device's clock cannot have shown are seen, and no others.
@Suite struct DeliveryClocksTests {
    private static let boot = "b0"
    private static let start = 1e9

    /// A boot of ten minutes, whose clock was set after one, within ten seconds.
    private static func clocks(setTo times: Double...) -> DeliveryClocks {
        var clocks = DeliveryClocks()
        clocks.booted(boot, since: start, at: start + 30)
        for time in times { clocks.wereSet(to: time, between: start + 60, and: start + 70) }
        clocks.ended(at: start + 600)
        return clocks
    }

    private static func flaws(_ clocks: DeliveryClocks, _ times: DeliveryClocks.Time...) -> DeliveryClocks.Flaws {
        clocks.flaws(times.enumerated().map { (value: $0.offset, time: $0.element) }, in: boot)
    }

    @Test func theTimesOfABootAreThoseOfItsSettings() {
        let clocks = Self.clocks(setTo: 2e9, 3e9)
        // From the start of the boot to its end.
        #expect(Self.flaws(clocks, .absolute(2e9 - 70), .absolute(2e9 + 540)) == .init())
        #expect(Self.flaws(clocks, .absolute(3e9), .absolute(2e9)) == .init())
        #expect(Self.flaws(clocks, .absolute(2e9), .absolute(2e9 + 700)) == .init(impossible: 1))
        #expect(Self.flaws(clocks, .absolute(3e9 - 200)) == .init(impossible: 0))
        // The right one, of which nobody had told the device.
        #expect(Self.flaws(clocks, .absolute(Self.start + 100)) == .init(impossible: 0))
    }

    @Test func aBootWhoseClockNobodySetKnowsNoTime() {
        let clocks = Self.clocks()
        #expect(Self.flaws(clocks, .relative(0), .relative(-300)) == .init())
        #expect(Self.flaws(clocks, .absolute(Self.start + 100)) == .init(impossible: 0))
        #expect(clocks.flaws([(value: 7, time: .absolute(Self.start))], in: "b1") == .init(impossible: 7))
    }

    @Test func relativeTimesAreOfThePast() {
        let clocks = Self.clocks()
        #expect(Self.flaws(clocks, .relative(-1), .relative(100)) == .init(impossible: 1))
        #expect(Self.flaws(clocks, .relative(-700)) == .init(impossible: 0))
    }

    /// By one setting of the clock. A reading that got its time when it was sent has it by another, perhaps.
    @Test func timesGrowWithTheReadings() {
        let clocks = Self.clocks(setTo: 2e9, 3e9)
        #expect(
            Self.flaws(clocks, .absolute(2e9), .absolute(3e9), .relative(-9), .absolute(2e9 + 1), .absolute(3e9 - 5))
                == .init())
        #expect(Self.flaws(clocks, .absolute(2e9 + 200), .absolute(3e9), .absolute(2e9)) == .init(backwards: 2))
    }

    @Test func theBootThatRunsHasNoEndYet() {
        var clocks = DeliveryClocks()
        clocks.booted("b0", since: 1e9, at: 1e9)
        clocks.wereSet(to: 2e9, between: 1e9, and: 1e9)
        #expect(Self.flaws(clocks, .absolute(2e9 + 5000), .relative(-5000)) == .init())
    }
}

import Testing

/// That the judge of deliveries sees every kind of wrong.
@Suite struct DeliveryJudgementTests {
    private static let series = DeliveryJudgement.Series(boot: "b0", sensor: "stored.1")
    private static let other = DeliveryJudgement.Series(boot: "b0", sensor: "posted.1")
    private static let later = DeliveryJudgement.Series(boot: "b1", sensor: "stored.2")

    private static func reading(
        _ value: Int, _ number: Int64, _ series: DeliveryJudgement.Series = series
    ) -> DeliveryJudgement.Reading {
        .init(series: series, value: value, number: number)
    }

    private static func gap(_ numbers: ClosedRange<Int64>, _ reason: String) -> DeliveryJudgement.Gap {
        .init(numbers: numbers, reason: reason)
    }

    private static func told(
        _ values: ClosedRange<Int>, _ series: DeliveryJudgement.Series = series,
        _ promise: DeliveryJudgement.Told.Promise = .stored
    ) -> DeliveryJudgement.Told {
        .init(promise: promise, series: series, values: values)
    }

    @Test func aDeliveryWithRepetitionsIsInOrder() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10), Self.reading(1, 12), Self.reading(0, 11, Self.other)], gaps: [])
        judgement.tell(Self.told(0...1))
        judgement.receive([Self.reading(1, 12), Self.reading(2, 13)], gaps: [])
        judgement.tell(Self.told(0...2))
        judgement.tell(Self.told(0...0, Self.other, .aged))
        #expect(judgement.violations(through: 13) == [])
        #expect(judgement.count == 4)
        #expect(judgement.toldCount == 4)
    }

    @Test func whatWasNotToldMayBeLostInASuddenEnd() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.tell(Self.told(0...0))
        judgement.happened(.suddenEnd)
        judgement.receive([], gaps: [Self.gap(11...4105, "restart")])
        judgement.receive([Self.reading(0, 4106, Self.later)], gaps: [])
        #expect(judgement.violations(through: 4106) == [])
    }

    @Test func aNumberUsedTwiceIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10), Self.reading(1, 11)], gaps: [])
        judgement.receive([Self.reading(0, 11, Self.later)], gaps: [])
        #expect(judgement.violations() == [.reused(number: 11)])
    }

    @Test func aReadingUnderTwoNumbersIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10), Self.reading(1, 11), Self.reading(1, 12)], gaps: [])
        #expect(judgement.violations() == [.renumbered(Self.series, value: 1)])
    }

    @Test func numbersAgainstTheOrderOfTheReadingsAreSeen() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(1, 10), Self.reading(0, 11)], gaps: [])
        #expect(judgement.violations() == [.reordered(Self.series, value: 1)])
    }

    @Test func aReadingBehindLaterOnesIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.receive([Self.reading(0, 12, Self.other)], gaps: [])
        judgement.receive([Self.reading(1, 11)], gaps: [])
        #expect(judgement.violations() == [.late(number: 11)])
    }

    @Test func aReadingThatWasGivenUpIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.happened(.suddenEnd)
        judgement.receive([], gaps: [Self.gap(11...11, "restart")])
        judgement.receive([Self.reading(1, 11)], gaps: [])
        #expect(judgement.violations() == [.givenUp(number: 11)])
    }

    @Test func aStoredReadingThatDoesNotComeIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.tell(Self.told(0...2))
        judgement.happened(.suddenEnd)
        // A gap is no excuse.
        judgement.receive([Self.reading(0, 4106, Self.later)], gaps: [Self.gap(11...4105, "restart")])
        #expect(judgement.violations() == [.lost(Self.series, values: 1...2)])
    }

    @Test func aStoredReadingThatFoundNoRoomInMemoryIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.happened(.diskFull)
        judgement.tell(Self.told(0...1))
        judgement.tell(Self.told(3...3))
        judgement.receive([Self.reading(0, 10), Self.reading(3, 13)], gaps: [Self.gap(11...12, "memory")])
        #expect(judgement.violations() == [.lost(Self.series, values: 1...1)])
    }

    @Test func aProcessOfWhichNothingCameIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.tell(Self.told(0...1, Self.other, .aged))
        #expect(judgement.violations() == [.lost(Self.other, values: 0...1)])
    }

    @Test func aReadingMissingBetweenOthersIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.happened(.suddenEnd)
        judgement.receive([Self.reading(0, 10), Self.reading(3, 13)], gaps: [Self.gap(11...12, "restart")])
        #expect(judgement.violations() == [.missing(Self.series, values: 1...2)])
    }

    @Test func numbersOfWhichNothingTellsAreSeen() {
        var judgement = DeliveryJudgement()
        judgement.happened(.suddenEnd)
        judgement.receive([Self.reading(0, 10), Self.reading(1, 14)], gaps: [Self.gap(11...12, "restart")])
        #expect(judgement.violations(through: 16) == [.unaccounted(13...13), .unaccounted(15...16)])
    }

    @Test func aGapForNoReasonIsSeen() {
        var judgement = DeliveryJudgement()
        let gap = Self.gap(11...12, "restart")
        judgement.receive([Self.reading(0, 10), Self.reading(1, 13)], gaps: [gap])
        #expect(judgement.violations() == [.unexplained(gap)])
    }

    @Test func damageExcusesWhatAGapTells() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.tell(Self.told(0...4))
        judgement.happened(.damage(bits: 1))
        judgement.receive([Self.reading(3, 13)], gaps: [Self.gap(11...12, "corrupt"), Self.gap(14...20, "restart")])
        #expect(judgement.violations() == [])
    }

    @Test func damageExcusesNoMoreThanTheGapsTell() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.tell(Self.told(0...5))
        judgement.happened(.damage(bits: 1))
        judgement.receive([Self.reading(3, 13)], gaps: [Self.gap(11...11, "corrupt"), Self.gap(14...14, "corrupt")])
        #expect(
            judgement.violations() == [
                .missing(Self.series, values: 1...2), .lost(Self.series, values: 4...5), .unaccounted(12...12),
            ])
    }

    @Test func damageDoesNotExcuseWhatCameAfterIt() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.happened(.damage(bits: 1))
        judgement.tell(Self.told(0...0, Self.later))
        judgement.receive([], gaps: [Self.gap(11...20, "corrupt")])
        #expect(judgement.violations() == [.lost(Self.later, values: 0...0)])
    }

    @Test func moreLostThanWasDamagedIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.tell(Self.told(0...999))
        judgement.happened(.damage(bits: 2))
        judgement.receive([], gaps: [Self.gap(10...5000, "corrupt")])
        #expect(judgement.violations() == [.notSalvaged(readings: 1000)])
    }

    @Test func moreLostBetweenOthersThanWasDamagedIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.happened(.damage(bits: 1))
        judgement.receive([Self.reading(402, 412)], gaps: [Self.gap(11...411, "corrupt")])
        #expect(judgement.violations() == [.notSalvaged(readings: 401)])
    }

    @Test func aFullDiskExcusesWhatFoundNoRoomInMemory() {
        var judgement = DeliveryJudgement()
        judgement.happened(.diskFull)
        judgement.tell(Self.told(0...0))
        judgement.tell(Self.told(0...5, Self.other, .aged))
        judgement.receive(
            [Self.reading(0, 10), Self.reading(2, 13), Self.reading(0, 12, Self.other)],
            gaps: [Self.gap(11...11, "memory")])
        #expect(judgement.violations() == [])
        // What was stored then is stored, and no gap is an excuse.
        judgement.receive([], gaps: [Self.gap(14...20, "memory")])
        judgement.tell(Self.told(3...4))
        #expect(judgement.violations() == [.lost(Self.series, values: 3...4)])
    }

    @Test func aDiskThatWasFreedIsTrustedAgainAfterARestart() {
        var judgement = DeliveryJudgement()
        judgement.happened(.diskFull)
        judgement.happened(.diskFreed)
        judgement.tell(Self.told(0...5, Self.other, .aged))
        #expect(judgement.violations() == [])
        judgement.happened(.restart)
        judgement.tell(Self.told(0...5, Self.later, .aged))
        #expect(judgement.violations() == [.lost(Self.later, values: 0...5)])
    }
}

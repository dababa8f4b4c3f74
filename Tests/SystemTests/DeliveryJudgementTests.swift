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

    /// The first block of two is gone, the second one is still there.
    @Test(arguments: [false, true]) func ofACommitThatWasCutOffAPartMayBeThere(_ isPromised: Bool) {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.tell(Self.told(0...(isPromised ? 3 : 0)))
        judgement.happened(.suddenEnd)
        judgement.receive([Self.reading(3, 13)], gaps: [Self.gap(11...12, "restart"), Self.gap(14...20, "restart")])
        judgement.receive([Self.reading(0, 21, Self.later)], gaps: [])
        let violations: Set<DeliveryJudgement.Violation> =
            isPromised
            ? [
                .lost(Self.series, values: 1...2), .missing(Self.series, values: 1...2),
                .unexplained(Self.gap(11...12, "restart")),
            ] : []
        #expect(judgement.violations(through: 21) == violations)
    }

    /// What another sensor was told is of the commit before.
    @Test func aPromiseBeforeACommitThatWasCutOffIsNoneOfIt() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10), Self.reading(0, 11, Self.other)], gaps: [])
        judgement.tell(Self.told(0...0, Self.other))
        judgement.happened(.suddenEnd)
        judgement.receive(
            [Self.reading(2, 14)], gaps: [Self.gap(12...13, "restart"), Self.gap(15...20, "restart")])
        judgement.receive([Self.reading(0, 21, Self.later)], gaps: [])
        #expect(judgement.violations(through: 21) == [])
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
        judgement.tell(Self.told(0...0))
        let gap = Self.gap(11...12, "restart")
        judgement.receive([Self.reading(0, 10), Self.reading(3, 13)], gaps: [gap])
        #expect(judgement.violations() == [.missing(Self.series, values: 1...2), .unexplained(gap)])
    }

    @Test func numbersOfWhichNothingTellsAreSeen() {
        var judgement = DeliveryJudgement()
        judgement.happened(.suddenEnd)
        judgement.receive([Self.reading(0, 10), Self.reading(0, 14, Self.later)], gaps: [Self.gap(11...12, "restart")])
        #expect(judgement.violations(through: 16) == [.unaccounted(13...13), .unaccounted(15...16)])
    }

    @Test func aGapForNoReasonIsSeen() {
        var judgement = DeliveryJudgement()
        let gap = Self.gap(11...12, "restart")
        judgement.receive([Self.reading(0, 10), Self.reading(1, 13)], gaps: [gap])
        #expect(judgement.violations() == [.unexplained(gap)])
    }

    // MARK: - Gaps lie where they can

    /// The end of one process and the beginning of the next, with what was told of both.
    private static func ends(_ events: DeliveryJudgement.Event...) -> DeliveryJudgement {
        var judgement = DeliveryJudgement()
        judgement.happened(.started)
        judgement.tell(told(0...0))
        for event in events { judgement.happened(event) }
        judgement.tell(told(0...0, later))
        return judgement
    }

    @Test func aSuddenEndExplainsNoGapWithinAProcess() {
        var judgement = Self.ends(.suddenEnd, .started)
        let gap = Self.gap(31...40, "restart")
        judgement.receive(
            [Self.reading(0, 10), Self.reading(0, 21, Self.later), Self.reading(1, 41, Self.later)],
            gaps: [Self.gap(11...20, "restart"), gap])
        #expect(judgement.violations(through: 41) == [.unexplained(gap), .unaccounted(22...30)])
    }

    @Test func aGapAtAStartMayReachBackToWhatWasDelivered() {
        var judgement = Self.ends(.suddenEnd, .started)
        judgement.receive([Self.reading(0, 10), Self.reading(1, 11)], gaps: [Self.gap(10...20, "restart")])
        judgement.receive([Self.reading(0, 21, Self.later)], gaps: [])
        #expect(judgement.violations(through: 21) == [])
    }

    @Test func moreNumbersThanCanHaveBeenReservedAreSeen() {
        var judgement = Self.ends(.suddenEnd, .started)
        let gap = Self.gap(11...200_000, "restart")
        judgement.receive([Self.reading(0, 10), Self.reading(0, 200_001, Self.later)], gaps: [gap])
        #expect(judgement.violations() == [.unexplained(gap)])
    }

    @Test func aDamagedFileOfNumbersExplainsALongGap() {
        var judgement = Self.ends(.suddenEnd, .damage(bits: 0, ofNumbers: true), .started)
        judgement.receive(
            [Self.reading(0, 10), Self.reading(0, 2_000_000, Self.later)], gaps: [Self.gap(11...1_999_999, "restart")])
        #expect(judgement.violations() == [])
    }

    @Test func aGapBehindAnOrderlyEndIsSeen() {
        let gap = Self.gap(11...20, "restart")
        let readings = [Self.reading(0, 10), Self.reading(0, 21, Self.later)]
        var judgement = Self.ends(.stopped, .started)
        judgement.receive(readings, gaps: [gap])
        #expect(judgement.violations(through: 21) == [.unexplained(gap)])

        // Of these ends it is not known that they were orderly, or that nothing came between.
        let others = [
            Self.ends(.started), Self.ends(.suddenEnd, .stopped, .started), Self.ends(.stopped, .suddenEnd),
            Self.ends(.stopped, .started, .started), Self.ends(.diskFails, .stopped, .started),
            Self.ends(.diskFull, .diskFreed, .stopped, .restart, .started),
        ]
        for var judgement in others {
            judgement.receive(readings, gaps: [gap])
            #expect(judgement.violations(through: 21) == [])
        }
    }

    @Test func anUnannouncedTailOfAnOrderlyEndIsSeen() {
        var judgement = Self.ends(.stopped, .started)
        judgement.receive([Self.reading(0, 10), Self.reading(0, 13, Self.later)], gaps: [])
        #expect(judgement.violations(through: 13) == [.unaccounted(11...12)])
    }

    @Test func aFullMailboxIsExplainedByTheEndOfItsProcessOnly() {
        var judgement = Self.ends(.stopped, .started)
        let gap = Self.gap(22...23, "mailbox")
        judgement.receive(
            [Self.reading(0, 10), Self.reading(0, 21, Self.later), Self.reading(1, 24, Self.later)],
            gaps: [Self.gap(11...20, "mailbox"), gap])
        #expect(judgement.violations(through: 24) == [.unexplained(gap)])
    }

    @Test func aGapOfMemoryIsExplainedInAProcessWithAFullDiskOnly() {
        let gap = Self.gap(22...23, "memory")
        var judgement = Self.ends(.diskFull, .diskFreed, .suddenEnd, .restart, .started)
        judgement.receive(
            [Self.reading(0, 10), Self.reading(0, 21, Self.later), Self.reading(1, 24, Self.later)],
            gaps: [Self.gap(11...20, "restart"), gap])
        #expect(judgement.violations(through: 24) == [.unexplained(gap)])
    }

    @Test func aGapOfMemoryBeforeTheDiskWasFullIsSeen() {
        var judgement = Self.ends(.suddenEnd, .started)
        let gap = Self.gap(11...20, "memory")
        judgement.receive([Self.reading(0, 10), Self.reading(0, 21, Self.later)], gaps: [gap])
        judgement.happened(.diskFull)
        #expect(judgement.violations(through: 21) == [.unexplained(gap)])
    }

    // MARK: - Damage

    @Test func damageExcusesWhatAGapTells() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.tell(Self.told(0...4))
        judgement.happened(.damage(bits: 1))
        judgement.happened(.damageTold)
        judgement.receive([Self.reading(3, 13)], gaps: [Self.gap(11...12, "corrupt"), Self.gap(14...20, "restart")])
        #expect(judgement.violations() == [])
    }

    @Test func damageExcusesNoMoreThanTheGapsTell() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.tell(Self.told(0...5))
        judgement.happened(.damage(bits: 1))
        judgement.happened(.damageTold)
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
        judgement.happened(.damageTold)
        judgement.tell(Self.told(0...0, Self.later))
        judgement.receive([], gaps: [Self.gap(11...20, "corrupt")])
        #expect(judgement.violations() == [.lost(Self.later, values: 0...0)])
    }

    @Test func moreLostThanWasDamagedIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.tell(Self.told(0...1000))
        judgement.happened(.damage(bits: 2))
        judgement.happened(.damageTold)
        judgement.receive([], gaps: [Self.gap(10...5000, "corrupt")])
        #expect(judgement.violations() == [.notSalvaged(readings: 1001)])
    }

    @Test func moreLostBetweenOthersThanWasDamagedIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.happened(.damage(bits: 1))
        judgement.happened(.damageTold)
        judgement.receive([Self.reading(502, 512)], gaps: [Self.gap(11...511, "corrupt")])
        #expect(judgement.violations() == [.notSalvaged(readings: 501)])
    }

    /// Neither what came before it has arrived, nor what was not yet read, is in its files.
    @Test func aLossIsExcusedByNoOtherDamage() {
        var judgement = DeliveryJudgement()
        judgement.tell(Self.told(0...0))
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.happened(.damage(bits: 1))
        judgement.happened(.damageTold)
        judgement.receive([Self.reading(601, 611)], gaps: [Self.gap(11...610, "corrupt")])
        judgement.happened(.damage(bits: 3))
        judgement.happened(.damageTold)
        judgement.tell(Self.told(0...0, Self.later))
        judgement.receive([Self.reading(0, 612, Self.later)], gaps: [])
        #expect(judgement.violations(through: 612) == [.notSalvaged(readings: 600)])
    }

    /// What one damage cannot have cost, two may, if its files were there for both.
    @Test func aLossIsExcusedByAllDamagesItMayBeOf() {
        var judgement = DeliveryJudgement()
        judgement.tell(Self.told(0...0))
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.happened(.damage(bits: 1))
        judgement.happened(.damage(bits: 1))
        judgement.happened(.damageTold)
        judgement.receive([Self.reading(601, 611)], gaps: [Self.gap(11...610, "corrupt")])
        #expect(judgement.violations(through: 611) == [])
    }

    @Test func flipsThatHitNothingExcuseNothing() {
        var judgement = DeliveryJudgement()
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.tell(Self.told(0...1))
        judgement.happened(.damage(bits: 0))
        let gap = Self.gap(11...11, "corrupt")
        judgement.receive([], gaps: [gap])
        #expect(judgement.violations() == [.lost(Self.series, values: 1...1), .unexplained(gap)])
    }

    @Test func damageOfWhichNothingIsToldIsSeen() {
        var judgement = DeliveryJudgement()
        judgement.happened(.damageTold)
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.happened(.damaging)
        judgement.happened(.damage(bits: 1))
        let gap = Self.gap(11...12, "corrupt")
        judgement.receive([Self.reading(3, 13)], gaps: [gap])
        #expect(judgement.violations() == [.unreported(gap)])
        // Who found it may have ended before it could tell.
        judgement.happened(.suddenEnd)
        #expect(judgement.violations() == [])
    }

    @Test func damageOfWhatWasWrittenLaterIsSeen() {
        var judgement = Self.ends(.suddenEnd, .damage(bits: 1), .damageTold, .started)
        let gap = Self.gap(22...23, "corrupt")
        judgement.receive(
            [Self.reading(0, 10), Self.reading(0, 21, Self.later), Self.reading(1, 24, Self.later)],
            gaps: [Self.gap(11...20, "corrupt"), gap])
        #expect(judgement.violations(through: 24) == [.unexplained(gap)])
    }

    @Test func damageBeforeAnythingWasDamagedIsSeen() {
        var judgement = Self.ends(.suddenEnd, .started)
        let gap = Self.gap(11...20, "corrupt")
        judgement.receive([Self.reading(0, 10), Self.reading(0, 21, Self.later)], gaps: [gap])
        judgement.happened(.damage(bits: 3))
        judgement.happened(.damageTold)
        #expect(judgement.violations(through: 21) == [.unexplained(gap)])
    }

    // MARK: - A full disk

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

    // MARK: - Bounds

    private static let bounds = DeliveryBounds.small
    private static let inFile = Int(bounds.leastInFile ?? 0)
    private static let inMemory = Int(bounds.leastInMemory ?? 0)

    /// Readings that follow each other, value by value and number by number.
    private static func readings(
        _ count: Int, from value: Int, _ number: Int64, _ series: DeliveryJudgement.Series = series
    ) -> [DeliveryJudgement.Reading] {
        (0..<count).map { reading(value + $0, number + Int64($0), series) }
    }

    /// Of a device of which fifty readings make room, and so many wait behind them.
    private static func outage(waiting: Int, bounds: DeliveryBounds = bounds) -> DeliveryJudgement {
        var judgement = DeliveryJudgement(bounds: bounds)
        judgement.receive([reading(0, 10)], gaps: [])
        judgement.receive([], gaps: [gap(11...60, "full")])
        judgement.receive(readings(waiting, from: 51, 61), gaps: [])
        judgement.delivered(below: 61 + Int64(waiting))
        return judgement
    }

    @Test func theOldestMakeRoomInAFullFileThoughTheyWereStored() {
        #expect(Self.inFile > 100)
        var judgement = Self.outage(waiting: Self.inFile)
        judgement.tell(Self.told(0...(50 + Self.inFile)))
        #expect(judgement.violations(through: 60 + Int64(Self.inFile)) == [])
        #expect(judgement.reasons == ["full"])
    }

    @Test func aFileThatIsSaidToBeFullTooSoonIsSeen() {
        let judgement = Self.outage(waiting: Self.inFile - 1)
        #expect(judgement.violations() == [.unexplained(Self.gap(11...60, "full"))])
    }

    @Test func whatWasReadLaterDidNotWait() {
        var judgement = Self.outage(waiting: Self.inFile - 1)
        let value = 50 + Self.inFile
        judgement.receive([Self.reading(value, Int64(10 + value))], gaps: [])
        judgement.delivered(below: Int64(11 + value))
        #expect(judgement.violations() == [.unexplained(Self.gap(11...60, "full"))])
    }

    @Test func aLargeFileIsNeverFull() {
        var judgement = Self.outage(waiting: 2 * Self.inFile, bounds: DeliveryBounds())
        judgement.tell(Self.told(0...50))
        #expect(
            judgement.violations() == [
                .unexplained(Self.gap(11...60, "full")), .lost(Self.series, values: 1...50),
                .missing(Self.series, values: 1...50),
            ])
    }

    @Test func whatHasMadeRoomLaterWaitedBefore() {
        let next = 61 + Int64(Self.inFile)
        var judgement = DeliveryJudgement(bounds: Self.bounds)
        judgement.receive([Self.reading(0, 10)], gaps: [Self.gap(11...60, "full")])
        judgement.receive([], gaps: [Self.gap(61...(next - 1), "full")])
        judgement.receive(Self.readings(Self.inFile, from: 51 + Self.inFile, next), gaps: [])
        #expect(judgement.violations() == [])
    }

    @Test func numbersThatNothingHadDidNotWait() {
        let next = 61 + Int64(Self.inFile)
        var judgement = DeliveryJudgement(bounds: Self.bounds)
        judgement.receive([Self.reading(0, 10)], gaps: [Self.gap(11...60, "full")])
        judgement.receive([], gaps: [Self.gap(61...(next - 1), "restart")])
        judgement.receive([Self.reading(0, next, Self.later)], gaps: [])
        #expect(judgement.violations() == [.unexplained(Self.gap(11...60, "full"))])
        // The end of a damaged log looks like a sudden one.
        judgement.happened(.damage(bits: 1))
        #expect(judgement.violations() == [])
    }

    @Test func whatMakesRoomBeforeOlderReadingsIsSeen() {
        var judgement = DeliveryJudgement(bounds: Self.bounds)
        judgement.receive([Self.reading(0, 10), Self.reading(1, 11)], gaps: [])
        // The second one had arrived, and was not acknowledged.
        judgement.madeRoom(50, behind: 10)
        judgement.receive([Self.reading(1, 11), Self.reading(2, 12)], gaps: [Self.gap(13...62, "full")])
        judgement.receive(Self.readings(Self.inFile, from: 53, 63), gaps: [])
        #expect(judgement.violations() == [.kept(number: 12)])
    }

    @Test func theOldestMakeRoomAsTheDeviceSaid() {
        var judgement = DeliveryJudgement(bounds: Self.bounds)
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.madeRoom(50, behind: 10)
        judgement.receive([], gaps: [Self.gap(11...60, "full")])
        judgement.receive(Self.readings(Self.inFile, from: 51, 61), gaps: [])
        #expect(judgement.violations() == [])
    }

    @Test func aStoredReadingBesideTheGapOfAFullFileIsSeen() {
        var judgement = Self.outage(waiting: Self.inFile)
        judgement.tell(Self.told(0...(60 + Self.inFile)))
        let missing = (51 + Self.inFile)...(60 + Self.inFile)
        #expect(judgement.violations() == [.lost(Self.series, values: missing)])
    }

    @Test func moreReadingsMissingThanTheGapOfAFullFileHasNumbersAreSeen() {
        var judgement = DeliveryJudgement(bounds: Self.bounds)
        judgement.receive([Self.reading(0, 10)], gaps: [Self.gap(11...59, "full")])
        judgement.receive(Self.readings(Self.inFile, from: 51, 60), gaps: [])
        #expect(judgement.violations() == [.missing(Self.series, values: 1...50)])
        judgement.tell(Self.told(0...50))
        #expect(
            judgement.violations() == [
                .missing(Self.series, values: 1...50), .lost(Self.series, values: 1...50),
            ])
    }

    @Test func twoSensorsCannotHaveLostAllOfOneGap() {
        var judgement = Self.outage(waiting: Self.inFile)
        let last = 61 + Int64(Self.inFile)
        judgement.receive([Self.reading(30, last, Self.other)], gaps: [])
        #expect(judgement.violations() == [.untold(readings: 30)])
    }

    /// More than the flipped bits can have cost.
    @Test func whatMadeRoomIsNoDamage() {
        func judgement(_ reason: String) -> DeliveryJudgement {
            var judgement = DeliveryJudgement(bounds: Self.bounds)
            judgement.receive([Self.reading(0, 10)], gaps: [])
            judgement.happened(.damage(bits: 1))
            judgement.happened(.damageTold)
            judgement.receive([], gaps: [Self.gap(11...610, reason)])
            judgement.receive(Self.readings(Self.inFile, from: 601, 611), gaps: [])
            return judgement
        }
        #expect(judgement("full").violations() == [])
        #expect(judgement("corrupt").violations() == [.notSalvaged(readings: 600)])
    }

    @Test func memoryThatIsSaidToBeFullTooSoonIsSeen() {
        #expect(Self.inMemory > 0)
        var judgement = DeliveryJudgement(bounds: Self.bounds)
        judgement.happened(.diskFull)
        judgement.tell(Self.told(0...0))
        judgement.receive([Self.reading(0, 10)], gaps: [])
        judgement.receive([], gaps: [Self.gap(11...60, "memory")])
        judgement.receive(Self.readings(Self.inMemory - 1, from: 51, 61), gaps: [])
        #expect(judgement.violations() == [.unexplained(Self.gap(11...60, "memory"))])
        let last = 50 + Self.inMemory
        judgement.receive([Self.reading(last, Int64(10 + last))], gaps: [])
        #expect(judgement.violations() == [])
        // What was stored was not only in memory.
        judgement.tell(Self.told(20...20))
        #expect(judgement.violations() == [.lost(Self.series, values: 20...20)])
    }

    // MARK: - Times

    @Test func timesThatCannotBeAreSeen() {
        func reading(_ value: Int, _ time: DeliveryClocks.Time) -> DeliveryJudgement.Reading {
            .init(series: Self.series, value: value, number: Int64(10 + value), time: time)
        }
        var judgement = DeliveryJudgement()
        judgement.clocks.booted("b0", since: 1e9, at: 1e9 + 10)
        judgement.clocks.wereSet(to: 2e9, between: 1e9 + 20, and: 1e9 + 21)
        judgement.clocks.ended(at: 1e9 + 500)
        judgement.receive(
            [
                reading(0, .relative(-5)), reading(1, .absolute(2e9 + 300)), reading(2, .absolute(2e9 + 100)),
                reading(3, .absolute(1e9 + 100)),
            ], gaps: [])
        // A second copy, by another clock.
        judgement.receive([reading(1, .absolute(5e9))], gaps: [])
        #expect(
            judgement.violations(through: 13) == [
                .impossibleTime(Self.series, value: 3), .backInTime(Self.series, value: 2),
            ])
    }
}

import Testing

/// That the lines of a console are understood as what they say.
@Suite struct DeliveryLedgerTests {
    @Test(arguments: [
        ("apus-init: [12.345] started /app/Recorder", DeliveryJudgement.Event.started),
        ("apus: app/publisher stopped", .stopped),
        ("apus: app/publisher did not stop in its time: abandoned, 1 in all", .suddenEnd),
        ("apus: the disk takes no readings: database or disk is full; they wait in memory", .diskFails),
        ("apus: the disk takes readings again", .diskWorks),
        (
            "apus: the outbox was damaged (blocks are missing): 9 readings of it are saved, the damaged files are in "
                + "/data/outbox/quarantine", .damageTold
        ),
        // Cut in two by the kernel.
        ("amaged (blocks are missing): 9 readings of it are saved, the damaged files are in /data", .damageTold),
        ("apus: the outbox's log was damaged: 3 blocks of readings are saved", .damageTold),
        ("apus: the outbox has lost its file of numbers, and goes on far from those it had", .damageTold),
    ]) func whatHappenedIsUnderstood(_ line: String, _ event: DeliveryJudgement.Event) {
        #expect(DeliveryLedger.event(line[...]) == event)
    }

    @Test(arguments: [
        "apus: app/publisher started", "apus: app/tally.5 stopped", "apus-init: [12.345] watchdog started",
        "<out>damage: the outbox was damaged (blocks are missing)",
        "<out>ALARM: the disk takes no readings: database or disk is full", "",
    ]) func otherLinesAreNothing(_ line: String) {
        #expect(DeliveryLedger.event(line[...]) == nil)
    }

    @Test func aCrashIsNoKill() {
        #expect(DeliveryLedger.isCrash("apus-init: [1.000] the app ended (signal 5, failure 1); again in 1 s"))
        #expect(!DeliveryLedger.isCrash("apus-init: [1.000] the app ended (signal 9, failure 1); again in 1 s"))
        #expect(!DeliveryLedger.isCrash("apus-init: [1.000] the app ended (exit status 1, failure 1); again in 1 s"))
    }

    @Test func aPromiseThatCameWholeIsUnderstood() {
        // FNV-1a of the words before it.
        let told = DeliveryLedger.told("[ 1.2] kernstored 01234567 stored-fast.99 0 41 1519659125")
        let series = DeliveryJudgement.Series(boot: "01234567", sensor: "stored-fast.99")
        #expect(told == .init(promise: .stored, series: series, values: 0...41))
        #expect(DeliveryLedger.told("stored 01234567 stored-fast.99 0 42 1519659125") == nil)
    }
}

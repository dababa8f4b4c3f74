import Supervision
import Testing

@Suite(.timeLimit(.minutes(10)))
struct SupervisorTests {
    private let log = Recorder()
    private let clock = ManualClock()

    private func supervisor(_ children: [ChildSpec], _ intensity: Intensity = Intensity()) throws -> Supervisor {
        try Supervisor("root", intensity: intensity, children: children, clock: clock, onEvent: log.note)
    }

    private func run(_ supervisor: Supervisor) -> Task<Void, any Error> {
        Task { try await supervisor.run() }
    }

    // MARK: Start and stop

    @Test func startsInOrderAndEachOnlyWhenTheOneBeforeHasStarted() async throws {
        let gate = Gate()
        let slow = ChildSpec("slow") { [log] in
            log.note("slow begins")
            await gate.pass()
            return park
        }
        let next = ChildSpec("next") { [log] in
            log.note("next begins")
            return park
        }
        let task = run(try supervisor([slow, next]))
        #expect(await log.first(1) == ["slow begins"])
        gate.open()
        #expect(
            await log.first(4) == ["slow begins", "root/slow started", "next begins", "root/next started"])
        task.cancel()
        try await task.value
    }

    @Test func stopsInReverseOrderWhenCancelledAndReturns() async throws {
        let task = run(try supervisor([steady("a"), steady("b"), steady("c")]))
        _ = await log.first(3)
        task.cancel()
        try await task.value
        #expect(log.entries.suffix(3) == ["root/c stopped", "root/b stopped", "root/a stopped"])
    }

    @Test func waitsForASlowChildWithinItsTime() async throws {
        let gate = Gate()
        let slow = ChildSpec("slow", startDeadline: nil) { { await gate.pass() } }
        let task = run(try supervisor([steady("a"), slow]))
        _ = await log.first(2)
        task.cancel()
        await clock.sleepers(atLeast: 1)
        clock.advance(by: .milliseconds(4999))
        gate.open()
        try await task.value
        #expect(log.entries.suffix(2) == ["root/slow stopped", "root/a stopped"])
    }

    @Test func abandonsAChildThatIgnoresCancellation() async throws {
        let gate = Gate()
        let deaf = ChildSpec("deaf", shutdown: .within(.seconds(2)), startDeadline: nil) { { await gate.pass() } }
        let task = run(try supervisor([steady("a"), deaf]))
        _ = await log.first(2)
        task.cancel()
        await clock.sleepers(atLeast: 1)
        clock.advance(by: .seconds(2))
        try await task.value
        #expect(
            log.entries.suffix(2) == ["root/deaf did not stop in its time: abandoned, 1 in all", "root/a stopped"])
        gate.open()
    }

    @Test func abandonsAChildWhoseStartHangsAndNeverRunsItsBody() async throws {
        let gate = Gate()
        let ended = Gate()
        let hanging = ChildSpec("hanging", shutdown: .within(.zero)) { [log] in
            await gate.pass()
            // The closure below holds this object: when it is freed, the body is out of reach.
            let witness = Witness { ended.open() }
            return { withExtendedLifetime(witness) { log.note("body ran") } }
        }
        let task = run(try supervisor([hanging, steady("next")]))
        task.cancel()
        try await task.value
        #expect(log.entries == ["root/hanging did not stop in its time: abandoned, 1 in all"])
        gate.open()
        await ended.pass()
        #expect(log.entries.count == 1)
    }

    @Test func cancellationDuringTheStartStopsWhatHasStarted() async throws {
        let begun = Gate()
        let pending = ChildSpec("pending") {
            begun.open()
            try await park()
            return park
        }
        let task = run(try supervisor([steady("a"), pending, steady("never")]))
        await begun.pass()
        task.cancel()
        try await task.value
        #expect(log.entries == ["root/a started", "root/pending stopped", "root/a stopped"])
    }

    @Test func anErrorWhileStoppingIsReportedAndNotFatal() async throws {
        let sore = ChildSpec("sore") {
            {
                try? await park()
                throw Failure("could not say goodbye")
            }
        }
        let task = run(try supervisor([steady("a"), sore]))
        _ = await log.first(2)
        task.cancel()
        try await task.value
        #expect(log.entries.suffix(2) == ["root/sore failed: could not say goodbye", "root/a stopped"])
    }

    @Test func runsAgainAfterItWasStopped() async throws {
        let supervisor = try supervisor([steady("a")])
        for _ in 1...2 {
            let task = run(supervisor)
            let count = log.entries.count
            _ = await log.first(count + 1)
            task.cancel()
            try await task.value
        }
        #expect(log.entries == ["root/a started", "root/a stopped", "root/a started", "root/a stopped"])
    }

    @Test func refusesToRunTwiceAtOnce() async throws {
        let supervisor = try supervisor([steady("a")])
        let task = run(supervisor)
        _ = await log.first(1)
        let error = await #expect(throws: SupervisionError.self) { try await supervisor.run() }
        #expect(error?.description == "supervisor root runs already")
        task.cancel()
        try await task.value
    }

    @Test func refusesDuplicateIDs() {
        let error = #expect(throws: SupervisionError.self) { try supervisor([steady("a"), steady("a")]) }
        #expect(error?.description == "supervisor root has two children named a")
    }

    @Test func withoutChildrenItRunsUntilCancelled() async throws {
        let task = run(try supervisor([]))
        task.cancel()
        try await task.value
    }

    // MARK: Restart

    @Test(
        arguments: [
            (Restart.permanent, nil, true), (.permanent, "oops", true), (.transient, nil, false),
            (.transient, "oops", true),
            (.temporary, nil, false), (.temporary, "oops", false),
        ] as [(Restart, String?, Bool)])
    func restartsAsTheTypeSays(restart: Restart, error: String?, isRestarted: Bool) async throws {
        let puppet = Puppet()
        let other = Puppet()
        let task = run(try supervisor([puppet.spec("child", restart: restart), other.spec("other")]))
        _ = await log.first(2)
        puppet.end(error)
        let end = error.map { "root/child failed: \($0)" } ?? "root/child finished"
        if isRestarted {
            #expect(await log.first(4).suffix(2) == [end, "root/child started again, restart 1"])
        } else {
            #expect(await log.first(3).last == end)
            // Were it restarted, that would show before the other's restart does.
            other.end()
            #expect(await log.first(5).suffix(2) == ["root/other finished", "root/other started again, restart 1"])
        }
        task.cancel()
        try await task.value
    }

    @Test func aRestartLeavesTheSiblingsAlone() async throws {
        let puppet = Puppet()
        let task = run(try supervisor([steady("a"), puppet.spec("b"), steady("c")]))
        _ = await log.first(3)
        puppet.end("oops")
        #expect(await log.first(5).suffix(2) == ["root/b failed: oops", "root/b started again, restart 1"])
        task.cancel()
        try await task.value
        #expect(log.entries.count == 8)
    }

    // MARK: Intensity

    @Test func givesUpWhenTheIntensityIsExceeded() async throws {
        let puppet = Puppet()
        let task = run(try supervisor([steady("a"), puppet.spec("b")], Intensity(restarts: 2, within: .seconds(10))))
        for failure in 1...3 { puppet.end("failure \(failure)") }
        let error = await #expect(throws: SupervisionError.self) { try await task.value }
        #expect(
            error?.description
                == "root/b needed more than 2 restarts within 10.0 seconds, the last error was: failure 3")
        #expect(log.entries.suffix(3) == ["root/b failed: failure 3", "root/b is given up", "root/a stopped"])
    }

    @Test func toleratesAnyNumberOfRestartsThatAreFarEnoughApart() async throws {
        let puppet = Puppet()
        let task = run(try supervisor([puppet.spec("a")]))
        _ = await log.first(1)
        for failure in 1...20 {
            puppet.end("oops")
            _ = await log.first(1 + 2 * failure)
            clock.advance(by: .seconds(5))
        }
        puppet.end("first of two")
        puppet.end("second of two")
        await #expect(throws: SupervisionError.self) { try await task.value }
        #expect(log.entries.suffix(2) == ["root/a failed: second of two", "root/a is given up"])
    }

    @Test func theRestartsOfAllChildrenCountTogether() async throws {
        let puppets = [Puppet(), Puppet()]
        let task = run(try supervisor([puppets[0].spec("a"), puppets[1].spec("b")]))
        _ = await log.first(2)
        puppets[0].end("oops")
        _ = await log.first(4)
        puppets[1].end()
        let error = await #expect(throws: SupervisionError.self) { try await task.value }
        #expect(
            error?.description == "root/b needed more than 1 restarts within 5.0 seconds, it ended without an error")
    }

    @Test func aRestartThatFailsToStartCountsAsAFailureToo() async throws {
        let puppet = Puppet()
        let starts = Recorder()
        let brittle = ChildSpec("brittle") {
            starts.note("start")
            if starts.entries.count > 1 { throw Failure("no start \(starts.entries.count)") }
            return { throw Failure("oops") }
        }
        let task = run(try supervisor([puppet.spec("a"), brittle], Intensity(restarts: 3)))
        await #expect(throws: SupervisionError.self) { try await task.value }
        #expect(
            log.entries == [
                "root/a started", "root/brittle started", "root/brittle failed: oops",
                "root/brittle failed: no start 2",
                "root/brittle failed: no start 3", "root/brittle failed: no start 4", "root/brittle is given up",
                "root/a stopped",
            ])
    }

    @Test func aFirstStartThatFailsEndsTheSupervisor() async throws {
        let bad = ChildSpec("bad") { throw Failure("no such thing") }
        let task = run(try supervisor([steady("a"), bad, steady("never")]))
        let error = await #expect(throws: SupervisionError.self) { try await task.value }
        #expect(error?.description == "root/bad could not start: no such thing")
        #expect(
            log.entries == [
                "root/a started", "root/bad failed: no such thing", "root/bad is given up", "root/a stopped",
            ])
    }

    // MARK: Back-off

    private let backoff = Backoff(initial: .seconds(1), maximum: .seconds(5), resetAfter: .seconds(60), jitter: 0)

    @Test func delaysRestartsLongerAndLongerWithoutGivingUpAndWithoutDisturbingSiblings() async throws {
        let absent = ChildSpec("absent", backoff: backoff) { throw Failure("nobody there") }
        let puppet = Puppet()
        let task = run(try supervisor([absent, puppet.spec("b")]))
        #expect(
            await log.first(3) == [
                "root/absent failed: nobody there", "root/absent restarts in 1.000 s", "root/b started",
            ])
        for (round, delay) in [1, 2, 4, 5, 5, 5].enumerated() {
            let count = 3 + 2 * round
            // A moment before the time nothing happens; the sibling's restarts show that the supervisor is not busy.
            clock.advance(by: .seconds(delay) - .milliseconds(1))
            #expect(log.entries.count == count)
            clock.advance(by: .milliseconds(1))
            _ = await log.first(count + 2)
        }
        #expect(log.entries.last == "root/absent restarts in 5.000 s")
        puppet.end("oops")
        #expect(await log.first(17).suffix(2) == ["root/b failed: oops", "root/b started again, restart 1"])
        task.cancel()
        try await task.value
        #expect(log.entries.suffix(1) == ["root/b stopped"])
    }

    @Test func aLongRunResetsTheDelay() async throws {
        let puppet = Puppet()
        let task = run(try supervisor([puppet.spec("a", backoff: backoff)]))
        var count = 1
        for (run, delay) in [(0, "1.000"), (59, "2.000"), (0, "4.000"), (60, "1.000"), (0, "2.000")] {
            _ = await log.first(count)
            clock.advance(by: .seconds(run))
            puppet.end("oops")
            count += 2
            #expect(await log.first(count).last == "root/a restarts in \(delay) s")
            clock.advance(by: .seconds(5))
            count += 1
        }
        _ = await log.first(count)
        task.cancel()
        try await task.value
    }

    @Test func stopsAtOnceWhileAChildWaits() async throws {
        let absent = ChildSpec("absent", backoff: backoff) { throw Failure("nobody there") }
        let task = run(try supervisor([absent, steady("b")]))
        _ = await log.first(3)
        task.cancel()
        try await task.value
        #expect(log.entries.suffix(1) == ["root/b stopped"])
        clock.advance(by: .seconds(60))
        #expect(log.entries.count == 4)
    }

    // MARK: Nesting

    @Test func aNestedSupervisorHasStartedWhenItsChildrenHaveAndStopsThemInReverse() async throws {
        let inner = try Supervisor("inner", children: [steady("x"), steady("y")], clock: clock)
        let task = run(try supervisor([steady("a"), inner.childSpec(), steady("z")]))
        #expect(
            await log.first(5) == [
                "root/a started", "root/inner/x started", "root/inner/y started", "root/inner started",
                "root/z started",
            ])
        task.cancel()
        try await task.value
        #expect(
            log.entries.suffix(5) == [
                "root/z stopped", "root/inner/y stopped", "root/inner/x stopped", "root/inner stopped",
                "root/a stopped",
            ])
    }

    @Test func aNestedSupervisorThatGivesUpIsRestartedWithAllItsChildren() async throws {
        let puppet = Puppet()
        let inner = try Supervisor("inner", children: [steady("x"), puppet.spec("y")], clock: clock)
        let task = run(try supervisor([inner.childSpec(), steady("z")]))
        _ = await log.first(4)
        puppet.end("one")
        puppet.end("two")
        #expect(
            await log.first(13).suffix(9) == [
                "root/inner/y failed: one", "root/inner/y started again, restart 1", "root/inner/y failed: two",
                "root/inner/y is given up", "root/inner/x stopped",
                "root/inner failed: root/inner/y needed more than 1 restarts within 5.0 seconds, "
                    + "the last error was: two",
                "root/inner/x started", "root/inner/y started", "root/inner started again, restart 1",
            ])
        task.cancel()
        try await task.value
    }

    @Test func oneSupervisorCannotBeInTwoPlaces() async throws {
        let inner = try Supervisor("inner", children: [steady("x")], clock: clock)
        let other = try Supervisor("other", children: [inner.childSpec()], clock: clock)
        let task = run(try supervisor([inner.childSpec(), other.childSpec()]))
        let error = await #expect(throws: SupervisionError.self) { try await task.value }
        #expect(
            error?.description
                == "root/other could not start: root/other/inner could not start: supervisor inner runs already")
    }
}

/// Tells when it is freed.
private final class Witness: Sendable {
    private let onEnd: @Sendable () -> Void

    init(onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

    deinit { onEnd() }
}

internal import Sensors
internal import Supervision

/// Keeps every reading until all transports have delivered it.
///
/// A reading gets its number and goes into memory, and from there at once to every connected transport. What is not
/// acknowledged by all when the durability window ends is written to disk; a transport that was away reads it from there.
/// It is removed when all have passed it.
///
/// All numbers are in one order, in memory and on disk without holes: up to `settled` all have it, up to `stored` it
/// is on disk, behind that in memory.
actor Outbox {
    /// The clocks of the device.
    struct Clocks: Sendable {
        /// Of delays and deadlines.
        var timeline: Timeline
        /// Nanoseconds of CLOCK_MONOTONIC.
        var monotonicTime: @Sendable () -> UInt64
        /// The wall time of a moment of it, in nanoseconds since 1970; nil while the clock is not synchronised.
        var wallTime: @Sendable (UInt64) -> Int64?
        var bootID: String

        static var device: Clocks {
            Clocks(
                timeline: Timeline(ContinuousClock()), monotonicTime: { DeviceClock.monotonicTime },
                wallTime: { DeviceClock.wallTime(at: $0) }, bootID: BootID.current)
        }
    }

    private struct Transport {
        let name: String
        var delivery = Delivery(cursor: 0)
        var link: (any OutboxLink)?
        /// Read from disk, in their order; from `backlogStart` on not yet sent.
        var backlog: [OutboxEntry] = []
        var backlogStart = 0
        var isReading = false
        var acknowledged: UInt64 = 0
        /// Readings that were refused and are sent again, each by itself. Found again over the next connection, too.
        var suspects: [UInt64: Reading] = [:]
        /// What is read now is of no use any more.
        var generation = 0
    }

    /// When the readings from a number on came.
    private struct Arrival {
        let first: UInt64
        let moment: Duration
    }

    /// Somebody who waits until a number is safe; told false when one of theirs is lost.
    private struct Waiter {
        let first: UInt64
        let last: UInt64
        let answer: Mailbox<Bool>
    }

    /// The transports'.
    nonisolated let names: [String]
    private let options: OutboxOptions
    private let clocks: Clocks
    private let report: @Sendable (String) -> Void
    private let gauge: OutboxGauge?
    /// Nil without a folder. Seen by tests, which hold it up.
    nonisolated let store: OutboxStore?

    private var tail = OutboxTail()
    private var transports: [Transport]
    private var state = OutboxState()
    /// The number of the next reading, and where the reserved ones end.
    private var next: UInt64 = 0
    private var ceiling: UInt64 = 0
    /// Numbers to reserve at once.
    private var step = OutboxStore.leastStep
    /// When numbers were reserved last, and what the next one was then: how fast they are used up.
    private var lastReservation: (moment: Duration, next: UInt64)?
    private var stored: UInt64 = 0
    private var summary = OutboxStore.Summary()
    /// What was settled when the last commit began, which has removed what can be removed of it.
    private var trimmed: UInt64 = 0

    private var isOpen = false
    private var isClosing = false
    /// An opening or closing under way.
    private var turn: Task<Void, Never>?
    /// Whether the files have been read in this process; false while they could not be opened.
    private var isJoined = false
    /// Until then nothing is sent while they could not: what they hold is older.
    private var holdEnd: Duration?
    private var isCommitting = false
    private var isReserving = false
    /// Why the disk takes nothing now.
    private var failure: OutboxStore.Failure?
    private var retryDelay: Duration = .zero
    /// It may take some again: told when it has.
    private var isRecovering = false
    /// Up to this number somebody waits for the disk.
    private var urgent: UInt64 = 0
    private var arrivals: [Arrival] = []
    private var timer: WakeUp?
    private var lastCommit: Duration = .zero
    private var savedCursors: [String: UInt64] = [:]
    private var lastCursors: Duration = .zero
    private var letters: [DeadLetter] = []
    private var waiters: [Waiter] = []
    /// Those who wait for anything to change: for room, for a commit, for numbers.
    private var changes: [Mailbox<Void>] = []

    /// The newest number of a reading that had to make room in memory.
    private var lastDropped: UInt64 = 0
    private var accepted: UInt64 = 0
    private var dropped: UInt64 = 0
    private var unpublishable: UInt64 = 0
    private var deadLetters: UInt64 = 0
    private var damage: String?
    /// Numbers that were reported missing, by the reason.
    private var missing: [OutboxGap.Reason: UInt64] = [:]
    /// The last readings that were put aside.
    private var lastLetters: [DeadLetter] = []
    private var isDropping = false
    private var isSuspended = false

    /// Entries that wait for the window's end: so many are worth a commit by themselves.
    private static let commitSize = 1000
    /// Entries in one commit, and so what it may take of memory and time.
    private static let mostPerCommit = 8192
    /// Notes of times: two windows' worth.
    private static let mostArrivals = 32
    /// Entries kept in memory that are on disk already, for transports that follow closely.
    private static let cacheSize = 1024
    /// The delays between attempts to use a disk that failed.
    private static let retryDelays = (first: Duration.seconds(1), longest: Duration.seconds(30))
    /// How often cursors are written while nothing else asks for it: what may be sent twice after a sudden end.
    private static let cursorInterval = Duration.seconds(30)
    /// For how long the numbers reserved at once are to last. All that are left are lost with a sudden end, and reported as
    /// a gap; each reservation writes a page.
    private static let reservationTime: Int64 = 30
    /// Numbers reserved at once, at most: for some tenths of a second of the fastest readings.
    private static let longestStep: UInt64 = 1 << 17
    /// How long readings wait for those in files that cannot be opened. A receiver that hears nothing for longer is worse off
    /// than one that gets the older ones later.
    private static let longestHold = Duration.seconds(300)
    /// Dead letters that are shown to those who look.
    private static let lettersShown = 5
    /// How often delivered blocks are removed while more are waiting.
    private static let trimInterval = Duration.seconds(1)

    /// - Parameters:
    ///   - transports: their names, each once; at least one.
    ///   - start: the first number where there is no folder; nil for one that no other process has.
    ///   - gauge: told how full the outbox is.
    /// - Throws: when the system has no thread to give.
    init(
        _ options: OutboxOptions, transports: [String], clocks: Clocks = .device, start: UInt64? = nil,
        gauge: OutboxGauge? = nil, report: @escaping @Sendable (String) -> Void
    ) throws {
        self.options = options
        self.clocks = clocks
        self.report = report
        self.gauge = gauge
        names = transports
        self.transports = transports.map { Transport(name: $0) }
        let limits = OutboxStore.Limits(
            bytes: options.bytes.map { UInt64(clamping: $0) }, age: UInt64(clamping: options.age.components.seconds),
            dropsOldest: options.whenFull == .dropOldest)
        store = try options.folder.map { folder in
            try OutboxStore(folder: folder, limits: limits) { clocks.wallTime(clocks.monotonicTime()) }
        }
        if let start { next = start }
    }

    /// Everything up to this number is acknowledged by all.
    private var settled: UInt64 { transports.map(\.delivery.cursor).min() ?? 0 }

    /// Everything up to this number outlives the process, or need not.
    private var safe: UInt64 { max(stored, settled) }
}

// MARK: - Beginning and end

extension Outbox {
    /// Opens the files. A disk that fails is no error: then there is memory.
    ///
    /// Who calls it meanwhile waits, too: nothing has a number before it is known which are free.
    func open() async {
        while let turn { await turn.value }
        if !isOpen { await takeTurn { await $0.openFiles() } }
    }

    private func takeTurn(_ body: @escaping @Sendable (isolated Outbox) async -> Void) async {
        let turn = Task {
            await body(self)
            self.turn = nil
        }
        self.turn = turn
        await turn.value
    }

    private func openFiles() async {
        defer {
            isOpen = true
            schedule()
        }
        guard let store else {
            if next == 0 { next = .random(in: 1..<(1 << 52)) }
            ceiling = .max
            begin(settled: next - 1, first: nil)
            isJoined = true
            return
        }
        do throws(OutboxStore.Failure) {
            let opened = try await store.open()
            (next, ceiling, stored, state) = (opened.next, opened.ceiling, opened.settled, opened.state)
            savedCursors = state.cursors
            begin(settled: opened.settled, first: opened.first)
            if let gap = opened.gap { append(.gap(gap)) }
            isJoined = true
            tell(damage: opened.report)
            summary = try await store.summary()
            let letters = await store.deadLetters(atMost: Int(OutboxDatabase.mostDeadLetters))
            lastLetters = letters.prefix(Self.lettersShown).reversed()
            for index in transports.indices {
                let name = transports[index].name
                transports[index].delivery.condemn(
                    letters.filter { $0.transport == name }.map(\.reading.sequence))
            }
        } catch {
            if !isJoined {
                (next, ceiling) = await store.numbers()
                stored = next - 1
                begin(settled: stored, first: nil)
                holdEnd = clocks.timeline.now + Self.longestHold
            }
            fail(error)
        }
    }

    private func begin(settled: UInt64, first: UInt64?) {
        let oldest = first.map { $0 - 1 } ?? settled
        for index in transports.indices {
            transports[index].delivery.move(to: max(oldest, state.cursors[transports[index].name] ?? 0))
        }
    }

    /// The orderly end: all is written, and the next start goes on counting here. Without effect on a failed disk.
    func close() async {
        while let turn { await turn.value }
        if isOpen { await takeTurn { await $0.closeFiles() } }
    }

    private func closeFiles() async {
        isClosing = true
        defer {
            isClosing = false
            schedule()
        }
        for transport in transports.indices { disconnect(transport) }
        await rest()
        guard let store else { return }
        while failure == nil, tail.last ?? 0 > safe { await commit() }
        if failure == nil { await commit(isLast: true) }
        // A failed disk is tried again later, should there be a later.
        guard failure == nil else { return }
        timer?.cancel()
        timer = nil
        do throws(OutboxStore.Failure) {
            try await store.close(next: next, settled: settled)
            (isOpen, isJoined) = (false, false)
            tail = OutboxTail()
            arrivals = []
        } catch {
            fail(error)
        }
    }
}

// MARK: - Readings

extension Outbox {
    /// Takes readings, numbers them, and hands them to the transports. Waits while there is no room for them.
    ///
    /// - Parameters:
    ///   - missing: readings that were lost before these could be taken.
    ///   - isBounded: whether it waits; otherwise they are taken whether there is room or not.
    /// - Returns: their numbers; nil when none could be taken.
    /// - Throws: `CancellationError` when the task was cancelled while it waited; some may have been taken.
    @discardableResult
    func accept(
        _ readings: [Reading], missing: UInt64 = 0, isBounded: Bool = true
    ) async throws(CancellationError) -> ClosedRange<UInt64>? {
        defer { schedule() }
        return try await take(readings, missing: missing, isBounded: isBounded)
    }

    /// As ``accept(_:missing:isBounded:)``, and leaves it to the caller to see that they are written.
    private func take(
        _ readings: [Reading], missing: UInt64 = 0, isBounded: Bool = true
    ) async throws(CancellationError) -> ClosedRange<UInt64>? {
        var missing = missing
        var first: UInt64?
        // Portions, so that the bounds hold for any number of readings.
        let size = portion
        for portion in stride(from: 0, to: readings.count, by: size) {
            var some = readings[portion..<min(portion + size, readings.count)]
            // Seldom, and copies what it keeps.
            if !some.allSatisfy(Self.isPublishable) { some = publishable(some) }
            if some.isEmpty { continue }
            if isBounded { try await room(for: some.count) }
            try await number(UInt64(some.count) + missing)
            skip(missing)
            missing = 0
            arrive()
            if first == nil { first = next }
            for var reading in some {
                reading.sequence = next
                next += 1
                tail.append(.reading(reading))
            }
            accepted += UInt64(some.count)
            deliver()
            gauge?.set(depth: Int(clamping: depth), dropped: dropped)
        }
        if missing > 0 {
            try await number(missing)
            skip(missing)
        }
        return first.map { $0...(next - 1) }
    }

    /// As many readings are taken entirely or, when the task is cancelled, not at all.
    nonisolated var portion: Int { min(256, capacity) }

    /// Counts readings that were lost before they could be taken.
    private func skip(_ missing: UInt64) {
        guard missing > 0 else { return }
        append(.gap(OutboxGap(first: next, last: next + (missing - 1), reason: .mailbox, wallTime: present)))
        next += missing
        dropped += missing
    }

    /// Takes readings, and returns when they outlive a sudden end, or all transports have delivered them.
    /// - Throws: ``NotStoredError``, `CancellationError`. When one of the readings cannot be published, none is taken.
    func store(_ readings: [Reading]) async throws {
        if let reading = readings.first(where: { !Self.isPublishable($0) }), case .number(let value) = reading.value {
            throw NotStoredError(
                reason: "\(reading.sensor) reads \(value), which cannot be published", isUnpublishable: true)
        }
        // A timer for the window's end would be set for nothing.
        defer { schedule() }
        guard let numbers = try await take(readings) else { return }
        if numbers.lowerBound <= lastDropped { throw NotStoredError(reason: failure?.reason) }
        if numbers.upperBound > safe { try await wait(for: numbers) }
    }

    /// Returns when all that was accepted outlives a sudden end, or is delivered.
    func flush() async throws {
        guard let last = tail.last, last > safe else { return }
        try await wait(for: (safe + 1)...last)
    }

    private func wait(for numbers: ClosedRange<UInt64>) async throws {
        let answer = Mailbox<Bool>(capacity: 1, overflow: .dropNewest)
        waiters.append(Waiter(first: numbers.lowerBound, last: numbers.upperBound, answer: answer))
        defer { waiters.removeAll { $0.answer === answer } }
        urgent = max(urgent, numbers.upperBound)
        // By this very task, whose caller waits anyway: one of its own would have to be woken, and wake this one.
        if canCommit { await commit() } else { schedule() }
        if try await answer.receive().first != true { throw NotStoredError(reason: failure?.reason) }
    }

    /// Whether SenML can carry it.
    private static func isPublishable(_ reading: Reading) -> Bool {
        if case .number(let value) = reading.value { value.isFinite } else { true }
    }

    private func publishable(_ readings: ArraySlice<Reading>) -> ArraySlice<Reading> {
        readings.filter { reading in
            guard case .number(let value) = reading.value, !value.isFinite else { return true }
            if unpublishable == 0 { report("\(reading.sensor) reads \(value), which cannot be published") }
            unpublishable += 1
            return false
        }[...]
    }

    private func append(_ entry: OutboxEntry) {
        arrive()
        if case .gap(let gap) = entry { note(gap.count, gap.reason) }
        tail.append(entry, written: isCommitting ? .max : stored)
        schedule()
    }

    private func note(_ numbers: UInt64, _ reason: OutboxGap.Reason) {
        if numbers > 0 { missing[reason, default: 0] &+= numbers }
    }

    /// Notes the time, a few times a window.
    private func arrive() {
        guard store != nil, case .window(let window) = options.durability else { return }
        let now = clocks.timeline.now
        if let last = arrivals.last, now - last.moment < window / 16 { return }
        // More are there only while the disk fails or is slow: then it is later than any of them says.
        guard arrivals.count < Self.mostArrivals else { return }
        arrivals.append(Arrival(first: next, moment: now))
    }

    private var present: Int64? { clocks.wallTime(clocks.monotonicTime()) }

    // MARK: Room and numbers

    /// The most entries in memory that are nowhere else.
    private nonisolated var capacity: Int { max(16, options.memory) }

    /// Readings that are nowhere else. Gaps are few: those of dropped readings are one.
    private var unsafeCount: Int {
        let entries = tail.entries(after: safe)
        guard case .gap = entries.first else { return entries.count }
        return entries.count - 1
    }

    private func room(for count: Int) async throws(CancellationError) {
        while unsafeCount + count > capacity || isDiskFull {
            let isStuck = store == nil || failure != nil && !isCommitting
            if isStuck, options.whenFull == .dropOldest {
                drop(unsafeCount + count - capacity)
                return
            }
            if !isSuspended {
                isSuspended = true
                if isStuck || isDiskFull { report("the outbox is full; it takes no readings until there is room") }
            }
            urgent = max(urgent, tail.last ?? 0)
            // What was acknowledged during the last commit still takes up room, and nothing more may be acknowledged.
            if tail.last ?? 0 > safe { startCommit() } else { trim() }
            // A disk that works makes room, however slowly; acknowledgements do, too.
            let change = Mailbox<Void>(capacity: 1, overflow: .dropNewest)
            changes.append(change)
            _ = try await change.receive()
        }
        isSuspended = false
    }

    /// Under ``OutboxOptions/WhenFull/suspend``.
    private var isDiskFull: Bool {
        options.whenFull == .suspend && failure == nil && store != nil && summary.isFull && summary.depth > 0
    }

    private func drop(_ count: Int) {
        // What is safe is no loss.
        tail.remove(through: safe)
        let reason: OutboxGap.Reason = store == nil ? .full : .memory
        for _ in 0..<max(0, count) {
            guard let number = tail.dropOldest(reason, wallTime: present) else { break }
            dropped += 1
            note(1, reason)
            lastDropped = number
            for waiter in waiters where waiter.first <= number && number <= waiter.last {
                _ = waiter.answer.offer(false)
            }
        }
        if !isDropping {
            isDropping = true
            report("\(capacity) readings wait in memory; from now on the oldest make room for the newest")
        }
    }

    /// Sees that so many numbers from ``next`` on are reserved.
    private func number(_ count: UInt64) async throws(CancellationError) {
        guard let store else { return }
        while true {
            if isClosing || !isOpen {
                // Who closes has told the files where the next start begins.
                await open()
            } else if ceiling - next >= count {
                break
            } else if isReserving {
                let change = Mailbox<Void>(capacity: 1, overflow: .dropNewest)
                changes.append(change)
                _ = try await change.receive()
            } else {
                await reserve(store, count)
            }
        }
        // Ahead of use, so that nobody waits for it.
        if ceiling != .max, ceiling - next < step / 2, !isReserving {
            isReserving = true
            Task { await reserve(store, 0) }
        }
    }

    private func reserve(_ store: OutboxStore, _ count: UInt64) async {
        isReserving = true
        pace()
        let wanted = max(next, ceiling) + min(step + count, OutboxStore.mostReserved)
        do throws(OutboxStore.Failure) {
            try await store.reserve(ceiling: wanted, settled: isJoined ? settled : nil)
            ceiling = max(ceiling, wanted)
        } catch {
            if ceiling - next < count || count == 0 && ceiling == next {
                // Numbers far away that no file knows of: readings are worth more than an unbroken count.
                let start = next + (1 << 32) + .random(in: 0..<(1 << 40))
                append(.gap(OutboxGap(first: next, last: start - 1, reason: .restart, wallTime: present)))
                next = start
                ceiling = .max
            }
            fail(error)
        }
        isReserving = false
        announce()
    }

    /// Sets the step by how fast numbers have been used up since the last time.
    private func pace() {
        let now = clocks.timeline.now
        defer { lastReservation = (now, next) }
        guard let last = lastReservation, next > last.next else { return }
        // No clock is asked twice within a microsecond. Of a burst no more is concluded than that four times as many may come.
        let elapsed = max(.microseconds(1), now - last.moment)
        let wanted = Double(next - last.next) * (.seconds(Self.reservationTime) / elapsed)
        let most = min(Double(Self.longestStep), Double(step) * 4)
        step = UInt64(max(Double(OutboxStore.leastStep), min(wanted, most)))
    }

    /// Returns when nothing is being written.
    func rest() async {
        while isCommitting || isReserving {
            let change = Mailbox<Void>(capacity: 1, overflow: .dropNewest)
            changes.append(change)
            // Cancelled, it looks again and again: what is awaited does not take long.
            if (try? await change.receive()) == nil { await Task.yield() }
        }
    }

    private func announce() {
        let waiting = changes
        changes = []
        for change in waiting { _ = change.offer(()) }
    }
}

// MARK: - Transports

extension Outbox {
    /// A transport has a connection, over which all is sent that it has not yet delivered.
    func connect(_ transport: Int, _ link: any OutboxLink) {
        restart(transport)
        transports[transport].link = link
        deliver(transport)
    }

    /// The connection is gone; what was in flight is sent again over the next one.
    func disconnect(_ transport: Int) {
        transports[transport].link = nil
        restart(transport)
    }

    private func restart(_ transport: Int) {
        transports[transport].delivery.reset()
        transports[transport].backlog = []
        transports[transport].backlogStart = 0
        let delivery = transports[transport].delivery
        transports[transport].suspects = transports[transport].suspects.filter { delivery.isRefused($0.key) }
        transports[transport].generation += 1
    }

    /// What became of messages in flight. Numbers of an earlier connection change nothing.
    /// - Returns: how many readings and gaps the transport has delivered by that.
    @discardableResult
    func settle(_ transport: Int, acknowledged: [UInt64], rejected: [(number: UInt64, reason: String)] = []) -> UInt64 {
        var count: UInt64 = 0
        for number in acknowledged {
            guard let numbers = transports[transport].delivery.acknowledge(number) else { continue }
            count += numbers.upperBound - numbers.lowerBound + 1
            transports[transport].suspects[numbers.lowerBound] = nil
        }
        transports[transport].acknowledged += count
        for (number, reason) in rejected {
            guard let given = transports[transport].delivery.reject(number) else { continue }
            giveUp(given, transport, reason)
        }
        tail.remove(through: settled)
        settleWaiters()
        deliver(transport)
        trim()
        return count
    }

    private func giveUp(_ given: Delivery.GivenUp, _ transport: Int, _ reason: String) {
        let name = transports[transport].name
        switch given {
        case .reading(let number):
            deadLetters += 1
            note(1, .refused)
            report("\(name) refuses the reading number \(number): \(reason); it is put aside")
            if let reading = transports[transport].suspects.removeValue(forKey: number) {
                let letter = DeadLetter(reading: reading, transport: name, reason: reason)
                letters.append(letter)
                letters = letters.suffix(Int(OutboxDatabase.mostDeadLetters))
                lastLetters = lastLetters.suffix(Self.lettersShown - 1) + [letter]
                schedule()
            }
        case .gap(let first, let last):
            report("\(name) refuses to hear that the readings number \(first) to \(last) are missing: \(reason)")
        }
    }

    private func settleWaiters() {
        let safe = safe
        while arrivals.count > 1, arrivals[1].first <= safe + 1 { arrivals.removeFirst() }
        if tail.last ?? 0 <= safe { arrivals = [] }
        // What is put aside is stored when that is.
        let aside = store == nil ? [] : letters.map(\.reading.sequence)
        for waiter in waiters where waiter.last <= safe {
            if aside.contains(where: (waiter.first...waiter.last).contains) { continue }
            _ = waiter.answer.offer(true)
        }
        if isDropping, failure == nil, tail.isEmpty {
            isDropping = false
            report("the readings that waited are delivered; \(dropped) had to make room since the app's start")
        }
        gauge?.set(depth: Int(clamping: depth), dropped: dropped)
        announce()
    }

    private func deliver() {
        for transport in transports.indices where transports[transport].link != nil { deliver(transport) }
    }

    /// Whether what is new waits for what is older, as long as there is room and it does not take too long.
    private var isHolding: Bool {
        guard !isJoined, let end = holdEnd, clocks.timeline.now < end, unsafeCount < capacity / 8 * 7 else {
            holdEnd = nil
            return false
        }
        return true
    }

    /// Sends what there is to send and room in flight.
    private func deliver(_ index: Int) {
        if isHolding { return }
        while let link = transports[index].link, transports[index].delivery.count < link.window {
            let retry = transports[index].delivery.retry
            let start = retry?.first ?? transports[index].delivery.next
            guard let first = entries(from: start, index).first else {
                if retry == nil, start > tail.last ?? stored { return }
                read(index, from: start)
                return
            }
            let content: OutboxMessage.Content
            var last = first.last
            switch first {
            case .gap(let gap): content = .gap(gap)
            case .reading(let reading) where transports[index].delivery.isCondemned(reading.sequence):
                content = .gap(OutboxGap(first: start, last: start, reason: .refused, wallTime: present))
            case .reading(let reading):
                let head = timed(reading)
                var readings = [head]
                for case .reading(let other) in entries(from: start, index).dropFirst().prefix(link.limit - 1) {
                    let other = timed(other)
                    guard other.sequence == last + 1, link.canShare(head, other), other.sequence <= retry?.last ?? .max,
                        !transports[index].delivery.isCondemned(other.sequence)
                    else { break }
                    readings.append(other)
                    last = other.sequence
                }
                content = .readings(readings)
            }
            if case .readings(let readings) = content, let only = readings.first, readings.count == 1,
                retry != nil || transports[index].delivery.isRefused(only.sequence)
            {
                transports[index].suspects[only.sequence] = only
            }
            let isGap = if case .gap = content { true } else { false }
            let number = transports[index].delivery.send(first.first, last, isGap: isGap)
            advanceBacklog(index)
            guard link.send(OutboxMessage(number: number, content: content)) else { return }
        }
    }

    /// What there is in memory from a number on; nothing when it must be read from disk.
    private func entries(from number: UInt64, _ index: Int) -> ArraySlice<OutboxEntry> {
        if let first = tail.first, number >= first {
            let entries = tail.entries(after: number - 1)
            // A gap of which a part is sent already.
            guard let head = entries.first, head.first < number, let rest = head.after(number - 1) else {
                return entries
            }
            return [rest] + entries.dropFirst()
        }
        let backlog = transports[index].backlog[transports[index].backlogStart...]
        return backlog.first?.first == number ? backlog : []
    }

    private func advanceBacklog(_ index: Int) {
        let next = transports[index].delivery.retry?.first ?? transports[index].delivery.next
        var start = transports[index].backlogStart
        while start < transports[index].backlog.count, transports[index].backlog[start].last < next { start += 1 }
        if start == transports[index].backlog.count {
            transports[index].backlog = []
            start = 0
        }
        transports[index].backlogStart = start
    }

    private func read(_ index: Int, from number: UInt64) {
        guard let store, failure?.isReadable ?? true, !transports[index].isReading, number <= stored else { return }
        transports[index].isReading = true
        let generation = transports[index].generation
        Task {
            do throws(OutboxStore.Failure) {
                let (entries, report) = try await store.entries(after: number - 1, settled: settled, stored: stored)
                transports[index].isReading = false
                tell(damage: report)
                if generation == transports[index].generation {
                    transports[index].backlog = entries
                    transports[index].backlogStart = 0
                }
                if !entries.isEmpty || generation != transports[index].generation { deliver(index) }
            } catch {
                transports[index].isReading = false
                fail(error)
            }
        }
    }

    /// With the wall time, when it has become known since.
    private func timed(_ reading: Reading) -> Reading {
        guard reading.wallTime == nil else { return reading }
        let wallTime: Int64? =
            if reading.bootID == clocks.bootID {
                clocks.wallTime(reading.monotonicTime)
            } else {
                state.offset(ofBoot: reading.bootID).flatMap { offset in
                    let (time, isOver) = Int64(clamping: reading.monotonicTime).addingReportingOverflow(offset)
                    return isOver ? nil : time
                }
            }
        guard let wallTime else { return reading }
        return Reading(
            sensor: reading.sensor, quantity: reading.quantity, value: reading.value, wallTime: wallTime,
            monotonicTime: reading.monotonicTime, bootID: reading.bootID, sequence: reading.sequence)
    }
}

// MARK: - The disk

extension Outbox {
    /// Writes now, if it is time to; else sees to it that it will be.
    private func schedule() {
        guard canCommit else { return }
        if !letters.isEmpty { return startCommit() }
        guard let last = tail.last, last > safe else { return }
        if options.durability == .every || safe < urgent || unsafeCount >= Self.commitSize { return startCommit() }
        guard timer == nil, case .window(let window) = options.durability, let oldest = arrivals.first else { return }
        timer = clocks.timeline.wake(at: oldest.moment + window) { [weak self] in
            Task { await self?.windowEnds() }
        }
    }

    private func windowEnds() {
        timer = nil
        guard case .window(let window) = options.durability, let oldest = arrivals.first else { return }
        // What the timer was set for may have been acknowledged.
        if clocks.timeline.now - oldest.moment >= window { startCommit() } else { schedule() }
    }

    private var canCommit: Bool { store != nil && failure == nil && !isCommitting && isOpen && !isClosing }

    private func startCommit() {
        guard canCommit else { return }
        isCommitting = true
        Task { await commit() }
    }

    /// Removes delivered blocks, when that is worth a write. Not twice for the same acknowledgements: what is delivered
    /// in part stays.
    private func trim() {
        guard canCommit, let first = summary.first, settled >= first, settled > trimmed else { return }
        if settled >= stored || isSuspended || clocks.timeline.now - lastCommit >= Self.trimInterval { startCommit() }
    }

    /// When nothing else is being written.
    private func commit(isLast: Bool = false) async {
        guard let store, failure == nil else {
            // It failed since this was decided; another attempt is ordered already.
            isCommitting = false
            announce()
            return
        }
        isCommitting = true
        timer?.cancel()
        timer = nil
        lastCommit = clocks.timeline.now
        let entries = tail.entries(after: safe).prefix(Self.mostPerCommit)
        let last = entries.last?.last
        let dead = letters
        let settled = settled
        do throws(OutboxStore.Failure) {
            let isStateDue = updateState() || isLast
            let cursors = state.cursors
            let result = try await store.commit(
                entries, settled: settled, state: state, isStateDue: isStateDue, letters: dead)
            summary = result
            trimmed = settled
            if isRecovering {
                isRecovering = false
                report("the disk takes readings again")
            }
            letters.removeFirst(min(dead.count, letters.count))
            if isStateDue { savedCursors = cursors }
            dropped += result.dropped.all
            self.state.dropped += result.dropped.all
            note(result.dropped.bySize, .full)
            note(result.dropped.byAge, .age)
            if result.dropped.all > 0, !isDropping {
                isDropping = true
                report(
                    "the outbox has reached its \(result.limit) bytes; from now on the oldest make room for the newest")
            }
            if let last { stored = max(stored, last) }
            isCommitting = false
            tail.shrink(to: Self.cacheSize, through: stored)
            settleWaiters()
            schedule()
        } catch {
            isCommitting = false
            fail(error)
            announce()
        }
        deliver()
    }

    /// - Returns: whether the state is to be written.
    private func updateState() -> Bool {
        var isDue = false
        let now = clocks.monotonicTime()
        if let time = clocks.wallTime(now) {
            let offset = time - Int64(clamping: now)
            let saved = state.offset(ofBoot: clocks.bootID)
            // A second: what a clock may be corrected by without a jump.
            if saved == nil || (saved ?? 0).distance(to: offset).magnitude > 1_000_000_000 {
                state.remember(.init(id: clocks.bootID, offset: offset))
                isDue = true
            }
        }
        var cursors: [String: UInt64] = [:]
        for transport in transports { cursors[transport.name] = transport.delivery.cursor }
        state.cursors = cursors
        // With one transport the blocks themselves tell: those it has passed are removed.
        if cursors != savedCursors, transports.count > 1 || settled >= stored,
            clocks.timeline.now - lastCursors >= Self.cursorInterval || summary.first == nil
        {
            isDue = true
        }
        if isDue { lastCursors = clocks.timeline.now }
        return isDue
    }

    private func fail(_ error: OutboxStore.Failure) {
        guard failure == nil else {
            failure?.isReadable = error.isReadable
            return
        }
        failure = error
        timer?.cancel()
        timer = nil
        announce()
        if !isRecovering {
            report("the disk takes no readings: \(error.reason); they wait in memory")
            retryDelay = Self.retryDelays.first
        }
        retryLater()
    }

    private func retryLater() {
        let moment = clocks.timeline.now + retryDelay
        retryDelay = min(retryDelay * 2, Self.retryDelays.longest)
        timer = clocks.timeline.wake(at: moment) { [weak self] in
            Task { await self?.retry() }
        }
    }

    private func retry() async {
        guard let store, failure != nil, isOpen else { return }
        timer = nil
        do throws(OutboxStore.Failure) {
            var found: OutboxStore.Opened?
            var damage: String?
            if isJoined {
                damage = try await store.reopen(settled: settled, stored: stored, next: next)
            } else {
                let opened = try await store.open()
                (found, damage) = (opened, opened.report)
            }
            let result = try await store.summary()
            var wanted: UInt64
            // Numbers are used meanwhile.
            repeat {
                wanted = max(next + step, found?.ceiling ?? 0)
                try await store.reserve(ceiling: wanted, settled: isJoined ? settled : nil)
            } while next > wanted
            guard failure != nil, isOpen else { return }
            if let found { try join(found) }
            ceiling = wanted
            summary = result
            failure = nil
            isRecovering = true
            tell(damage: damage)
        } catch {
            failure = error
            retryLater()
            // Those that held back may do so no longer.
            deliver()
            return
        }
        startCommit()
        announce()
    }

    /// The files are there at last: what they hold comes before what has been counted since.
    private func join(_ found: OutboxStore.Opened) throws(OutboxStore.Failure) {
        let first = tail.first ?? next
        guard found.settled < first else { throw OutboxStore.Failure(reason: OutboxStore.othersFiles) }
        isJoined = true
        state = found.state
        savedCursors = state.cursors
        // Nothing was counted before.
        guard found.first != nil || found.gap != nil else {
            stored = first - 1
            return
        }
        stored = found.settled
        if first > stored + 1 {
            let gap = OutboxGap(
                first: stored + 1, last: first - 1, reason: found.gap?.reason ?? .restart, wallTime: present)
            note(gap.count, gap.reason)
            tail.isEmpty ? tail.append(.gap(gap)) : tail.prepend(gap)
        }
        begin(settled: stored, first: found.first)
        for transport in transports.indices { restart(transport) }
    }

    private func tell(damage: String?) {
        guard let damage else { return }
        self.damage = damage
        report(damage)
    }
}

// MARK: - Looking

extension Outbox {
    /// Readings not yet acknowledged by all, at most.
    private var depth: UInt64 {
        let disk = settled < stored ? min(summary.depth, stored - settled) : 0
        return disk + UInt64(unsafeCount)
    }

    /// Readings a transport has not yet delivered, at most.
    func lag(_ transport: Int) -> UInt64 {
        let cursor = transports[transport].delivery.cursor
        return next > cursor + 1 ? next - 1 - cursor : 0
    }

    var status: OutboxStatus {
        var status = OutboxStatus()
        status.memory = unsafeCount
        status.depth = depth
        status.disk = settled >= stored ? 0 : summary.depth
        (status.bytes, status.limit) = (summary.bytes, summary.limit)
        if status.disk > 0 {
            status.oldest = summary.oldest.flatMap { timed($0).wallTime }
        } else if case .reading(let reading)? = tail.entries(after: settled).first {
            status.oldest = timed(reading).wallTime
        }
        (status.accepted, status.next) = (accepted, next)
        status.transports = transports.indices.map { index in
            let transport = transports[index]
            return OutboxStatus.Transport(
                name: transport.name, isConnected: transport.link != nil, position: transport.delivery.cursor,
                lag: lag(index), inFlight: transport.delivery.count, acknowledged: transport.acknowledged)
        }
        (status.dropped, status.droppedNow) = (max(state.dropped, dropped), dropped)
        (status.unpublishable, status.deadLetters) = (unpublishable, max(summary.deadLetters, deadLetters))
        status.missing = missing
        // It alone counts what a search of damaged files did not find.
        if summary.damaged > 0 { status.missing[.corrupt, default: 0] += summary.damaged }
        status.lastLetters = lastLetters
        status.alarm = failure?.reason
        status.damage = damage
        return status
    }
}

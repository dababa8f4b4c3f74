import Testing

@testable import Supervision

@Suite(.timeLimit(.minutes(10)))
struct MailboxRegistryTests {
    private let registry = MailboxRegistry()

    private func mailbox() -> Mailbox<Int> {
        Mailbox(capacity: 4, overflow: .dropNewest)
    }

    private func mailbox<Element>(of: Element.Type) -> Mailbox<Element> {
        Mailbox(capacity: 4, overflow: .dropNewest)
    }

    @Test func findsAMailboxByItsName() throws {
        let (numbers, texts) = (mailbox(), mailbox(of: String.self))
        try registry.register(numbers, as: "numbers")
        try registry.register(texts, as: "texts")
        #expect(try registry.mailbox("numbers", of: Int.self) === numbers)
        #expect(try registry.mailbox("texts", of: String.self) === texts)
    }

    @Test func aMailboxMayHaveSeveralNames() throws {
        let numbers = mailbox()
        try registry.register(numbers, as: "one")
        try registry.register(numbers, as: "other")
        #expect(try registry.mailbox("one", of: Int.self) === registry.mailbox("other", of: Int.self))
    }

    @Test func refusesAnotherMailboxUnderTheSameName() throws {
        let first = mailbox()
        try registry.register(first, as: "numbers")
        #expect(throws: MailboxRegistryError.nameTaken("numbers")) { try registry.register(mailbox(), as: "numbers") }
        #expect(try registry.mailbox("numbers", of: Int.self) === first)
        // The same one is no other: a child may register it at each start.
        try registry.register(first, as: "numbers")
        #expect(registry.entries.count == 1)
    }

    @Test func namesBothTypesWhenTheyDiffer() throws {
        try registry.register(mailbox(of: [String].self), as: "texts")
        let error = MailboxRegistryError.wrongElement(name: "texts", registered: "Array<String>", requested: "Int")
        #expect(throws: error) { try registry.mailbox("texts", of: Int.self) }
        #expect(error.description == "the mailbox texts holds elements of type Array<String>, not Int")
    }

    @Test func refusesUnknownAndEmptyNames() throws {
        #expect(throws: MailboxRegistryError.unknownName("nobody")) { try registry.mailbox("nobody", of: Int.self) }
        #expect(throws: MailboxRegistryError.emptyName) { try registry.register(mailbox(), as: "") }
        #expect(!registry.unregister("nobody"))
    }

    @Test func anUnregisteredNameIsFree() throws {
        try registry.register(mailbox(), as: "numbers")
        #expect(registry.unregister("numbers"))
        #expect(throws: MailboxRegistryError.unknownName("numbers")) { try registry.mailbox("numbers", of: Int.self) }
        let second = mailbox(of: String.self)
        try registry.register(second, as: "numbers")
        #expect(try registry.mailbox("numbers", of: String.self) === second)
    }

    @Test(arguments: [Int.min, -1, 0, 1, 2]) func holdsSoManyNamesAndNoMore(capacity: Int) throws {
        let registry = MailboxRegistry(capacity: capacity)
        #expect(registry.capacity == max(1, capacity))
        for number in 0..<registry.capacity { try registry.register(mailbox(), as: "\(number)") }
        for _ in 0..<3 {
            #expect(throws: MailboxRegistryError.full(capacity: registry.capacity)) {
                try registry.register(mailbox(), as: "more")
            }
        }
        // Refused ones leave nothing behind.
        #expect(registry.entries.count == registry.capacity)
        registry.unregister("0")
        try registry.register(mailbox(), as: "more")
    }

    @Test func tellsOfAllByName() throws {
        let (numbers, texts) = (mailbox(), mailbox(of: String.self))
        try registry.register(texts, as: "texts")
        try registry.register(numbers, as: "numbers")
        for number in 0..<6 { _ = numbers.offer(number) }
        #expect(
            registry.entries == [
                .init(
                    name: "numbers", element: "Int",
                    statistics: MailboxStatistics(depth: 4, highWaterMark: 4, dropped: 2)),
                .init(name: "texts", element: "String", statistics: MailboxStatistics(depth: 0, highWaterMark: 0)),
            ])
    }

    @Test func waitsUntilANameAppears() async throws {
        let numbers = mailbox()
        let seekers = (0..<20).map { _ in Task { try await registry.mailbox(waitingFor: "numbers", of: Int.self) } }
        let other = Task { try await registry.mailbox(waitingFor: "texts", of: String.self) }
        await Task.yield()
        try registry.register(numbers, as: "numbers")
        for seeker in seekers { #expect(try await seeker.value === numbers) }
        let texts = mailbox(of: String.self)
        try registry.register(texts, as: "texts")
        #expect(try await other.value === texts)
        #expect(try await registry.mailbox(waitingFor: "numbers", of: Int.self) === numbers)
    }

    @Test func whoWaitsForAnotherTypeIsToldOf() async throws {
        let seeker = Task { try await registry.mailbox(waitingFor: "texts", of: Int.self) }
        try registry.register(mailbox(of: String.self), as: "texts")
        await #expect(
            throws: MailboxRegistryError.wrongElement(name: "texts", registered: "String", requested: "Int")
        ) { try await seeker.value }
    }

    @Test func noNameAppearsUnseenBetweenLookingAndWaiting() async throws {
        // Each name is registered just when the seeker, having not found it, is about to wait.
        let numbers = mailbox()
        let found = Mailbox<Int>(capacity: 1, overflow: .suspendSender)
        let rounds = 20_000
        let seeker = Task { [registry] in
            for round in 0..<rounds {
                _ = try await registry.mailbox(waitingFor: "\(round)", of: Int.self)
                try await found.send(round)
            }
        }
        for round in 0..<rounds {
            try registry.register(numbers, as: "\(round)")
            #expect(try await found.receive() == [round])
            registry.unregister("\(round)")
        }
        try await seeker.value
    }

    @Test func waitingEndsWithTheTask() async throws {
        for round in 0..<200 {
            let seeker = Task { try await registry.mailbox(waitingFor: "nobody", of: Int.self) }
            if round % 2 == 0 { await Task.yield() }
            seeker.cancel()
            await #expect(throws: CancellationError.self) { try await seeker.value }
        }
    }

    @Test func manyTasksRegisterAndFindAtOnce() async throws {
        let registry = MailboxRegistry(capacity: 64)
        let won = try await withThrowingTaskGroup(of: Bool.self) { group in
            for name in 0..<64 {
                // Two fight for each name, a third waits for whoever wins.
                for _ in 0..<2 {
                    group.addTask {
                        do throws(MailboxRegistryError) {
                            try registry.register(mailbox(), as: "\(name)")
                            return true
                        } catch {
                            #expect(error == .nameTaken("\(name)"))
                            return false
                        }
                    }
                }
                group.addTask {
                    let found = try await registry.mailbox(waitingFor: "\(name)", of: Int.self)
                    return try found !== registry.mailbox("\(name)", of: Int.self)
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(won == 64)
        #expect(registry.entries.map(\.name) == (0..<64).map { "\($0)" }.sorted())
    }
}

import Glibc
import Testing
import Threads

@testable import Hardware

@Suite(.timeLimit(.minutes(10)))
struct EdgeQueueTests {
    /// A thread that brings an event for each signal, as that of a line does for each edge.
    private final class Line: Sendable {
        let queue = EdgeQueue()
        let executor: DescriptorExecutor
        private let edges: EventDescriptor

        init() throws {
            let edges = try EventDescriptor()
            self.edges = edges
            let count = Lock(UInt64(0))
            executor = try DescriptorExecutor(name: "edges", descriptor: edges.descriptor) { [queue] in
                edges.wait()
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                _ = queue.append(Self.event(number))
                return true
            }
        }

        func signal() { edges.signal() }

        static func event(_ number: UInt64) -> EdgeEvent {
            EdgeEvent(kind: .rising, offset: 0, timestamp: number, globalSequence: number, lineSequence: number)
        }
    }

    private struct Seen: Sendable, Hashable {
        let number: UInt64
        let thread: pthread_t
    }

    private static var thread: pthread_t { pthread_self() }

    /// Handles a line's events, and tells of each.
    private static func handle(_ line: Line) -> (task: Task<Void, any Error>, seen: AsyncStream<Seen>) {
        let (seen, continuation) = AsyncStream.makeStream(of: Seen.self)
        let task = Task {
            defer { continuation.finish() }
            try await line.queue.handle(on: line.executor) { event in
                continuation.yield(Seen(number: event.lineSequence, thread: Self.thread))
            }
        }
        return (task, seen)
    }

    @Test func eventsAreHandledOnTheThreadThatBringsThem() async throws {
        let line = try Line()
        let (task, seen) = Self.handle(line)
        var handled: [Seen] = []
        var iterator = seen.makeAsyncIterator()
        for _ in 0..<100 {
            line.signal()
            if let one = await iterator.next() { handled.append(one) }
        }
        line.queue.finish()
        line.executor.wakeUp()
        try await task.value
        #expect(handled.map(\.number) == Array(1...100))
        #expect(Set(handled.map(\.thread)).count == 1)
        #expect(handled[0].thread != Self.thread)
    }

    @Test(arguments: [0, 1, 10]) func cancellationEndsTheHandling(_ count: Int) async throws {
        let line = try Line()
        let (task, seen) = Self.handle(line)
        var iterator = seen.makeAsyncIterator()
        for _ in 0..<count {
            line.signal()
            _ = await iterator.next()
        }
        task.cancel()
        try await task.value
    }

    @Test func othersRunOnTheThreadWhileEventsAreAwaited() async throws {
        let line = try Line()
        let (task, seen) = Self.handle(line)
        var iterator = seen.makeAsyncIterator()
        for _ in 0..<100 {
            line.signal()
            let one = await iterator.next()
            #expect(await Task(executorPreference: line.executor) { Self.thread }.value == one?.thread)
        }
        task.cancel()
        try await task.value
    }

    @Test func whatComesWhileABodySuspendsIsHandledBehindIt() async throws {
        let line = try Line()
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let (seen, continuation) = AsyncStream.makeStream(of: UInt64.self)
        let task = Task {
            try await line.queue.handle(on: line.executor) { event in
                continuation.yield(event.lineSequence)
                for await _ in gate {}
            }
        }
        var iterator = seen.makeAsyncIterator()
        line.signal()
        #expect(await iterator.next() == 1)
        for number in 2...20 { _ = line.queue.append(Line.event(UInt64(number))) }
        open.finish()
        for number in 2...20 { #expect(await iterator.next() == UInt64(number)) }
        task.cancel()
        try await task.value
    }

    @Test func whatEndsTheEventsIsThrownBehindThem() async throws {
        let queue = EdgeQueue()
        let failure = GPIOError.released(chip: "bench", offset: 1)
        for number in 1...3 { #expect(queue.append(Line.event(UInt64(number)))) }
        queue.finish(throwing: failure)
        queue.finish()
        _ = queue.append(Line.event(4))
        var numbers: [UInt64] = []
        await #expect(throws: failure) {
            try await queue.handle(on: nil) { numbers.append($0.lineSequence) }
        }
        #expect(numbers == [1, 2, 3])
        #expect(try await queue.next() == nil)
    }

    @Test func theOldestOfTooManyAreDropped() async throws {
        let queue = EdgeQueue()
        let (capacity, count) = (UInt64(EdgeEvents.capacity), UInt64(5 * EdgeEvents.capacity))
        var dropped: UInt64 = 0
        var taken: [UInt64] = []
        for number in 1...count {
            if !queue.append(Line.event(number)) { dropped += 1 }
            // Now and then one is taken, so that the oldest is anywhere.
            if number % 3 == 0, case .event(let event) = queue.take() { taken.append(event.lineSequence) }
        }
        queue.finish()
        while case .event(let event) = queue.take() { taken.append(event.lineSequence) }
        #expect(UInt64(taken.count) + dropped == count)
        #expect(taken == taken.sorted() && Set(taken).count == taken.count)
        #expect(Array(taken.suffix(Int(capacity) - 1)) == Array((count - capacity + 2)...count))
    }

    @Test func everyWaitingConsumerEnds() async throws {
        let queue = EdgeQueue()
        try await withThrowingTaskGroup(of: EdgeEvent?.self) { group in
            for _ in 0..<3 { group.addTask { try await queue.next() } }
            queue.finish()
            for try await event in group { #expect(event == nil) }
        }
    }
}

import Synchronization

/// What a program has written so far, and who waits for it to write something more.
///
/// One reader thread appends; any number of tasks wait. A wait looks only at what came after the previous match, so a
/// sequence of waits follows the order of events.
final class EmulatorOutput: Sendable {
    /// Older bytes are dropped beyond this. A boot writes tens of kilobytes, an app some kilobytes a minute.
    static let limit = 4 << 20

    private struct Waiter {
        var texts: [[UInt8]]
        var continuation: CheckedContinuation<String, any Error>
    }

    private struct State {
        var bytes: [UInt8] = []
        /// Offset into `bytes` of what no wait has matched yet.
        var matched = 0
        var ended = false
        var nextID = 0
        var waiters: [Int: Waiter] = [:]
        /// Waits cancelled before they were registered.
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    // MARK: - The writing side

    func append(_ chunk: some Sequence<UInt8>) {
        update { state in
            // A serial console ends its lines with CR LF; line feeds alone are easier to match.
            state.bytes.append(contentsOf: chunk.lazy.filter { $0 != 0x0D })
            let excess = state.bytes.count - Self.limit
            if excess > 0 {
                state.bytes.removeFirst(excess)
                state.matched = max(0, state.matched - excess)
            }
        }
    }

    /// Nothing more will come: who still waits fails.
    func end() {
        update { $0.ended = true }
    }

    // MARK: - The reading side

    /// All that was written, as far back as is kept.
    var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

    /// The last lines, for error messages.
    func tail(lines: Int = 12) -> String {
        text.split(separator: "\n").suffix(lines).joined(separator: "\n  ")
    }

    /// Waits for the next line, however long that takes, and returns it without its line feed.
    ///
    /// - Throws: `FwtoolError` when the program ended.
    func nextLine() async throws -> String {
        String(try await match([[0x0A]]).dropLast())
    }

    /// Waits until nothing more can come.
    ///
    /// - Throws: `CancellationError`.
    func waitForEnd() async throws {
        // No text matches, so only the end answers.
        do { _ = try await match([]) } catch is CancellationError { throw CancellationError() } catch {}
    }

    /// Waits until one of the texts appears, and returns all since the previous match up to and including it.
    ///
    /// - Throws: `FwtoolError` past the deadline or when the program ended, with the last lines written.
    @discardableResult
    func wait(for texts: String..., deadline: Duration) async throws -> String {
        let wanted = texts.map { "'\($0)'" }.joined(separator: " or ")
        return try await Deadline.within(
            deadline, "\(wanted) did not appear (last lines:\n  \(self.tail())\n)"
        ) { [self] in try await match(texts.map { Array($0.utf8) }) }
    }

    private func match(_ texts: [[UInt8]]) async throws -> String {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                update { state in
                    if state.cancelled.remove(id) != nil {
                        continuation.resume(throwing: CancellationError())
                    } else {
                        state.waiters[id] = Waiter(texts: texts, continuation: continuation)
                    }
                }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiters.removeValue(forKey: id)
                if waiter == nil { state.cancelled.insert(id) }
                return waiter
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Changes the state, then answers the waits it fulfils, oldest first.
    private func update(_ change: (inout State) -> Void) {
        let answers = state.withLock { state in
            change(&state)
            var answers: [(CheckedContinuation<String, any Error>, Result<String, any Error>)] = []
            for (id, waiter) in state.waiters.sorted(by: { $0.key < $1.key }) {
                let end = waiter.texts.compactMap { Self.end(of: $0, in: state.bytes, from: state.matched) }.min()
                if let end {
                    let text = String(decoding: state.bytes[state.matched..<end], as: UTF8.self)
                    state.matched = end
                    state.waiters[id] = nil
                    answers.append((waiter.continuation, .success(text)))
                } else if state.ended {
                    let last = String(decoding: state.bytes.suffix(1000), as: UTF8.self)
                    state.waiters[id] = nil
                    answers.append((waiter.continuation, .failure(FwtoolError("the program has ended; last: \(last)"))))
                }
            }
            return answers
        }
        for (continuation, result) in answers { continuation.resume(with: result) }
    }

    /// Where the first occurrence of `text` ends.
    private static func end(of text: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard let first = text.first, bytes.count - start >= text.count else { return text.isEmpty ? start : nil }
        var index = start
        while let found = bytes[index...].firstIndex(of: first), found + text.count <= bytes.count {
            if bytes[found..<(found + text.count)].elementsEqual(text) { return found + text.count }
            index = found + 1
        }
        return nil
    }
}

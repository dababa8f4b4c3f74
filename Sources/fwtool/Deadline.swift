/// Waits that end.
enum Deadline {
    /// Runs `body`; when it has not ended after `limit`, cancels it and throws.
    ///
    /// - Parameter what: completes the sentence "... within N s", for example "the console did not show a prompt".
    static func within<T: Sendable>(
        _ limit: Duration, _ what: @autoclosure @escaping @Sendable () -> String,
        _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else {
                throw FwtoolError("\(what()) within \(limit.components.seconds) s")
            }
            return value
        }
    }
}

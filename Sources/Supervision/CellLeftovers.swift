internal import Threads

/// What the process of a cell leaves behind outside of itself, such as outputs at the level they had.
///
/// This module knows nothing of such things. Who does says what is to be done about them.
package enum CellLeftovers {
    private static let action = Lock<(@Sendable (_ processID: Int32) async -> Void)?>(nil)

    /// Has something done whenever the process of a cell has ended, however it did. The supervisor hears of the end, and
    /// starts the child anew, when that is done.
    ///
    /// - Parameter action: gets the process's number. It must not block; what blocks belongs on a thread.
    package static func clear(with action: @escaping @Sendable (_ processID: Int32) async -> Void) {
        self.action.withLock { $0 = action }
    }

    static func clear(after processID: Int32) async {
        await action.withLock { $0 }?(processID)
    }
}

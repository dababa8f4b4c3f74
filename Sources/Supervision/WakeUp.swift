/// A wake-up call that was ordered with `Timeline.wake(at:_:)` and can be cancelled.
package struct WakeUp: Sendable {
    private let onCancel: @Sendable () -> Void

    init(onCancel: @escaping @Sendable () -> Void) {
        self.onCancel = onCancel
    }

    /// Lets the call not happen; nothing when it has happened. A call that is happening on another thread is not waited
    /// for: whoever may meet one must be able to tell that it is stale.
    package func cancel() {
        onCancel()
    }
}

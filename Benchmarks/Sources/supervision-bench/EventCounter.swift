import Synchronization

/// An event handler that does next to nothing, so that what is measured is the supervisor with its events on.
final class EventCounter: Sendable {
    private let number = Atomic(0)

    func count() { number.wrappingAdd(1, ordering: .relaxed) }
}

/// Calls the ticks of actors of one type.
///
/// The closures in it have contexts on the heap. Each series with closures of its own would need three more cache lines
/// a tick, which is more time than the rest of the tick takes.
final class TickCall<Subject: PeriodicActor>: Sendable {
    let tick: @Sendable (Subject, Tick) throws -> Void

    init() {
        let isolated: @Sendable (isolated Subject, Tick) throws -> Void = { try $0.tick($1) }
        // As in Actor.assumeIsolated, less its check at every call, which costs as much as the rest of a tick: that
        // the service is the actor's executor was checked once, and executors do not change.
        tick = unsafeBitCast(isolated, to: (@Sendable (Subject, Tick) throws -> Void).self)
    }
}

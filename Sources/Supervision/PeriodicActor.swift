/// An actor that does something at regular moments, on the thread of a ``TimerService``.
///
/// ```swift
/// actor Blinker: PeriodicActor {
///     private let timers: TimerService
///     nonisolated var unownedExecutor: UnownedSerialExecutor { timers.unownedExecutor }
///
///     func tick(_ tick: Tick) throws { … }
/// }
/// ```
/// The service must be the actor's executor, so that a tick is a function call with the actor's isolation: no task, no
/// job, no change of threads. Everything else about the actor is as usual, its other methods run on the same thread.
public protocol PeriodicActor: Actor {
    /// Called at every moment, on the service's thread.
    ///
    /// It must be short and must not block: all actors of the service wait meanwhile. What takes long, or waits for a
    /// bus, belongs onto another service, an actor of its own, or into a task.
    ///
    /// It runs outside of every task, so task-local values (and so `Liveness.checkIn()`) do nothing in it; a child that
    /// ticks is alive without saying so.
    /// - Throws: whatever ends the series of ticks; the child has then failed.
    func tick(_ tick: Tick) throws
}

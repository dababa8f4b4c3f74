/// Why a ``TimerService`` refuses an actor's ticks.
public enum TimerError: Error, Hashable, CustomStringConvertible {
    /// The period is shorter than ``TimerService/minimumPeriod``.
    case invalidPeriod(Duration)
    /// The actor's executor is not the service, so that its ticks could not run with its isolation.
    case foreignActor(type: String)

    public var description: String {
        switch self {
        case .invalidPeriod(let period):
            "a period of \(period) is too short, the least is \(TimerService.minimumPeriod)"
        case .foreignActor(let type):
            "the actor \(type) does not run on the timer service it is to tick on; its unownedExecutor must be the service's"
        }
    }
}

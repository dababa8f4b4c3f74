/// How many restarts within a period a supervisor takes for bad luck; one more is a failure of its own.
///
/// Restarts that waited for a ``Backoff`` are not counted: the limit exists to end a loop of crashes that a restart
/// cannot mend and that starves everything else, and a child that waits longer each time cannot make such a loop.
public struct Intensity: Sendable, Hashable {
    /// Restarts tolerated within the period; a supervisor refuses a negative number.
    public let restarts: Int

    /// The length of the sliding window; a supervisor refuses zero and less.
    public let period: Duration

    /// The default, 1 restart in 5 seconds, is OTP's: <https://www.erlang.org/doc/apps/stdlib/supervisor.html>.
    public init(restarts: Int = 1, within period: Duration = .seconds(5)) {
        self.restarts = restarts
        self.period = period
    }
}

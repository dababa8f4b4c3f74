/// What a supervisor needs to know to start, restart and stop one child.
public struct ChildSpec: Sendable {
    /// The second phase of a child's life; when it returns or throws, the child has ended.
    ///
    /// It ends soon after its task is cancelled. It runs in the task that ran `start`, so it need not be `Sendable`.
    public typealias Body = () async throws -> Void

    enum Kind: Sendable {
        case worker(start: @Sendable () async throws -> Body)
        case supervisor(Supervisor)
    }

    /// The name of the child, unique among its siblings.
    public let id: String

    /// When the ended child is started again.
    public var restart: Restart

    /// How long the child may take to end once it is cancelled.
    public var shutdown: Shutdown

    /// The delays between restarts; nil restarts at once.
    public var backoff: Backoff?

    let kind: Kind

    /// A child that starts in two phases.
    ///
    /// - Parameters:
    ///   - id: the name of the child, unique among its siblings.
    ///   - restart: when the ended child is started again.
    ///   - shutdown: how long the child may take to end once it is cancelled.
    ///   - backoff: the delays between restarts; nil restarts at once.
    ///   - start: acquires what the child needs. When it returned, the child has *started* and the next sibling's turn
    ///     comes; what it returned is then run. It is called anew for every restart.
    public init(
        _ id: String, restart: Restart = .permanent, shutdown: Shutdown = .within(.seconds(5)),
        backoff: Backoff? = nil, start: @escaping @Sendable () async throws -> Body
    ) {
        self.id = id
        self.restart = restart
        self.shutdown = shutdown
        self.backoff = backoff
        kind = .worker(start: start)
    }

    /// A nested supervisor: it has started when all its children have.
    init(_ supervisor: Supervisor, restart: Restart, backoff: Backoff?) {
        id = supervisor.id
        self.restart = restart
        shutdown = .unlimited
        self.backoff = backoff
        kind = .supervisor(supervisor)
    }
}

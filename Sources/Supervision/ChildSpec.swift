/// What a supervisor needs to know to start, restart and stop one child.
public struct ChildSpec: Sendable {
    /// The second phase of a child's life; when it returns or throws, the child has ended.
    ///
    /// It ends soon after its task is cancelled. It runs in the task that ran `start`, so it need not be `Sendable`.
    public typealias Body = () async throws -> Void

    /// The first phase: acquires what the child needs, and returns what is then to be run.
    ///
    /// nil when there is nothing to run, say because the hardware is not fitted. The child then counts as started, but
    /// is not active (OTP's `ignore`).
    public typealias Start = @Sendable () async throws -> Body?

    enum Kind: Sendable {
        case worker(start: Start)
        case supervisor(Supervisor)
    }

    /// The name of the child, unique among its siblings and not empty.
    public let id: String

    /// When the ended child is started again.
    public var restart: Restart

    /// How long the child may take to end once it is cancelled.
    public var shutdown: Shutdown

    /// The delays between restarts; nil restarts at once.
    public var backoff: Backoff?

    /// Whether the child's own end is the supervisor's, as its ``AutoShutdown`` says. Not for permanent children.
    public var isSignificant: Bool

    /// How long the start function may take, more than zero; nil for as long as it wants. When the time is over the
    /// child is cancelled, and its start has failed.
    public var startDeadline: Duration?

    /// How long the running child may be silent, more than zero; nil for ever. A child that has not called
    /// ``Liveness/checkIn()`` for so long is cancelled, and has failed.
    public var liveness: Duration?

    /// The mailbox that the child reads, for those who watch the tree.
    public var mailbox: (any MailboxMonitoring)?

    /// Where the child runs.
    public var isolation: Isolation

    /// For a child in a cell: the mailboxes outside of it that the child sends to. Those of the children of a nested
    /// supervisor are its own, too.
    public var outlets: [CellOutlet] = []

    let kind: Kind

    /// A child that starts in two phases.
    ///
    /// - Parameters:
    ///   - id: the name of the child, unique among its siblings and not empty.
    ///   - restart: when the ended child is started again.
    ///   - shutdown: how long the child may take to end once it is cancelled. 5 seconds as in OTP.
    ///   - backoff: the delays between restarts; nil restarts at once.
    ///   - isSignificant: whether the child's own end is the supervisor's, as its ``AutoShutdown`` says.
    ///   - startDeadline: how long the start function may take, more than zero; nil for as long as it wants. The
    ///     default is far above what a bus or a file needs and still ends a hang that nobody watches.
    ///   - liveness: how long the running child may be silent, more than zero; nil for ever.
    ///   - mailbox: the mailbox that the child reads, for those who watch the tree.
    ///   - isolation: where the child runs.
    ///   - start: acquires what the child needs. When it returned, the child has *started* and the next sibling's turn
    ///     comes; what it returned is then run. It is called anew for every restart.
    public init(
        _ id: String, restart: Restart = .permanent, shutdown: Shutdown = .within(.seconds(5)),
        backoff: Backoff? = nil, isSignificant: Bool = false, startDeadline: Duration? = .seconds(60),
        liveness: Duration? = nil, mailbox: (any MailboxMonitoring)? = nil, isolation: Isolation = .task,
        start: @escaping Start
    ) {
        self.id = id
        self.restart = restart
        self.shutdown = shutdown
        self.backoff = backoff
        self.isSignificant = isSignificant
        self.startDeadline = startDeadline
        self.liveness = liveness
        self.mailbox = mailbox
        self.isolation = isolation
        kind = .worker(start: start)
    }

    /// A nested supervisor: it has started when all its children have, and stops as long as they need.
    init(
        _ supervisor: Supervisor, restart: Restart, backoff: Backoff?, isSignificant: Bool, isolation: Isolation
    ) {
        id = supervisor.id
        self.restart = restart
        shutdown = .unlimited
        self.backoff = backoff
        self.isSignificant = isSignificant
        startDeadline = nil
        liveness = nil
        mailbox = nil
        self.isolation = isolation
        kind = .supervisor(supervisor)
    }

    /// What is wrong with the spec in itself and under a supervisor that shuts down so, as OTP's `check_childspecs`
    /// would say; nil when nothing is.
    func flaw(under autoShutdown: AutoShutdown) -> String? {
        if id.isEmpty { return "its id is empty" }
        if let startDeadline, startDeadline <= .zero { return "its start deadline is not more than zero" }
        if let liveness, liveness <= .zero { return "its liveness deadline is not more than zero" }
        if isSignificant, restart == .permanent { return "a permanent child cannot be significant" }
        if isSignificant, autoShutdown == .never {
            return "a significant child needs a supervisor that shuts down for it"
        }
        return isolation.options?.flaw
    }

    /// What is wrong with the spec as one that comes at run time; nil when nothing is.
    var flawAtRunTime: String? {
        isolation == .task ? nil : "only a child that its supervisor was made with can run in a cell"
    }

    /// The outlets of the child and of all below it, each mailbox once, in an order that is the same in every process.
    var allOutlets: [CellOutlet] {
        var all = outlets
        if case .supervisor(let supervisor) = kind {
            for child in supervisor.initialChildren { all += child.spec.allOutlets }
        }
        var mailboxes: Set<ObjectIdentifier> = []
        return all.filter { mailboxes.insert($0.mailbox).inserted }
    }
}

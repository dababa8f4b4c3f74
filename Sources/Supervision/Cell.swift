internal import Synchronization

/// A child in a process of its own, as its supervisor has it: something to start, and to kill.
final class Cell: Sendable {
    let path: [String]
    let options: CellOptions
    let emit: @Sendable (SupervisorEvent) -> Void
    private let outlets: [CellOutlet]
    private let program: CellProgram

    private enum State {
        case down
        /// The process is being started.
        case starting
        case alive(CellLife)
        /// To be killed once it is there.
        case unwanted(CellCrash.Cause)
        case killed(CellLife)
    }

    private let state = Mutex(State.down)

    /// - Parameters:
    ///   - path: the ids from the outermost supervisor down to the child.
    ///   - outlets: the mailboxes that the child, and those below it, send to.
    ///   - emit: takes the events of supervisors in the cell.
    init(
        path: [String], options: CellOptions, outlets: [CellOutlet],
        emit: @escaping @Sendable (SupervisorEvent) -> Void,
        program: CellProgram = .own
    ) {
        self.path = path
        self.options = options
        self.outlets = outlets
        self.emit = emit
        self.program = program
    }

    /// The child's start function: starts a process, in which the child starts.
    ///
    /// The process has ended when this throws or returns nil, else when what it returns has returned or thrown. That runs
    /// also when the task was cancelled meanwhile.
    @Sendable func start() async throws -> ChildSpec.Body? {
        try Task.checkCancellation()
        let thread = try CellThread.shared.get()
        let memory = UInt64(options.memory ?? 0)
        guard let order = CellMessage.order(path: path, memoryLimit: memory).bytes else {
            throw CellError.system("the path to the child is too long", code: 0)
        }
        state.withLock { $0 = .starting }
        let started = await thread.perform { [program, options] in
            Result { try CellProcess.start(program, order: order, options: options, on: thread) }
        }
        let life = CellLife(self, try started.get(), on: thread)
        let reasonToKill = state.withLock { state -> CellCrash.Cause? in
            if case .unwanted(let reason) = state {
                state = .killed(life)
                return reason
            }
            state = .alive(life)
            return nil
        }
        if let reasonToKill { life.kill(reasonToKill) }
        return try await life.start()
    }

    /// Ends the process for certain, if there is one.
    func kill(_ reason: CellCrash.Cause) {
        let life = state.withLock { state -> CellLife? in
            switch state {
            case .down, .unwanted, .killed:
                return nil
            case .starting:
                state = .unwanted(reason)
                return nil
            case .alive(let life):
                state = .killed(life)
                return life
            }
        }
        life?.kill(reason)
    }

    /// Whether ``kill(_:)`` was called in this life.
    var isKilled: Bool {
        state.withLock { state in
            switch state {
            case .unwanted, .killed: true
            case .down, .starting, .alive: false
            }
        }
    }

    /// The number of the last process.
    var processID: Int32? {
        state.withLock { state in
            switch state {
            case .alive(let life), .killed(let life): life.processID
            case .down, .starting, .unwanted: nil
            }
        }
    }

    /// Puts an element where it belongs. Waits while its mailbox is full and lets its senders wait.
    /// - Returns: what is wrong with the bytes; nil when nothing is.
    func deliver(_ bytes: [UInt8]) async -> String? {
        guard let (index, element) = CellOutlet.take(apart: bytes), outlets.indices.contains(index) else {
            return "an element for no mailbox"
        }
        return await outlets[index].deliver(element) ? nil : "an element that cannot be decoded"
    }
}

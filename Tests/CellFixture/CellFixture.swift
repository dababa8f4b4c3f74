import Glibc
import Supervision
import Threads

/// A program with children in cells, for the tests: its first argument says which. It writes what happens to standard
/// output, one line each, and so do its cells.
@main
struct CellFixture {
    // On the main thread, as the process was started: the pool's threads block signals.
    @MainActor static func main() async {
        setenv("BLOCKED", "\(blockedSignals())", 1)
        let name = CommandLine.arguments.dropFirst().first ?? ""
        guard let scenario = Scenario.all[name] else {
            say("no scenario \(name)")
            exit(2)
        }
        await scenario.run()
    }
}

/// Writes a line by one call, so that lines of several processes do not mix.
func say(_ text: String) {
    let line = text + "\n"
    _ = write(STDOUT_FILENO, line, line.utf8.count)
}

/// Which life of its cell a child is in: the program counts the restarts in the environment, which cells inherit.
var life: Int { getenv("LIFE").flatMap { Int(String(cString: $0)) } ?? 0 }

/// How many signals were blocked when this process began.
var blockedAtStart: Int { getenv("BLOCKED").flatMap { Int(String(cString: $0)) } ?? -1 }

private func blockedSignals() -> Int {
    var set = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &set)
    return (1...64).count { sigismember(&set, $0) == 1 }
}

/// Runs until it is cancelled.
@Sendable func park() async throws {
    // A mailbox nobody sends to ends its receiver by cancellation alone.
    _ = try await Mailbox<Never>(capacity: 1, overflow: .dropNewest).receive()
}

struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A tree, and when to stop it.
struct Scenario: Sendable {
    var children: @Sendable () -> [ChildSpec]
    /// Enough for all that is asked of it, unless the intensity is what is looked at.
    var intensity = Intensity(restarts: 1000, within: .seconds(3600))
    /// The end of the line after which the tree is stopped; nil when it ends by itself.
    var stopAfter: String?

    func run() async {
        let stop = Stop()
        do {
            let supervisor = try Supervisor(
                "root", intensity: intensity, children: children(),
                onEvent: { event in
                    if case .failed = event.kind { setenv("LIFE", "\(life + 1)", 1) }
                    say(event.description)
                    if let stopAfter, event.description.hasSuffix(stopAfter) { stop.come() }
                })
            let tree = Task { try await supervisor.run() }
            stop.call { tree.cancel() }
            try await tree.value
        } catch {
            say("gave up: \(error)")
        }
    }
}

/// Something that happens once, possibly before it is known what is to be done then.
private final class Stop: Sendable {
    private let state = Lock<(hasCome: Bool, action: (@Sendable () -> Void)?)>((false, nil))

    func come() {
        state.withLock { state in
            state.hasCome = true
            return state.action
        }?()
    }

    func call(_ action: @escaping @Sendable () -> Void) {
        let hasCome = state.withLock { state in
            state.action = action
            return state.hasCome
        }
        if hasCome { action() }
    }
}

import Glibc
import Supervision
import Synchronization
import Threads

extension Scenario {
    static let all: [String: Scenario] = [
        // MARK: How a child can end
        "trap": crashing { trap() },
        "fatalError": crashing { fatalError("out of ideas") },
        "fault": crashing { fault() },
        "overflow": crashing { _ = overflow(0) },
        "abort": crashing { abort() },
        "kill": crashing { kill(getpid(), SIGKILL) },
        "exit 3": crashing {
            complain("first line\nlast words, without an end")
            exit(3)
        },
        "error": crashing { throw Failure("out of luck") },
        "cancellation": crashing { throw CancellationError() },
        "exit 0": ending { exit(0) },
        "return": ending {},
        "start error": Scenario(
            children: { [ChildSpec("a", isolation: .process) { throw Failure("not today") }] }),
        "start trap": Scenario(
            children: {
                [
                    ChildSpec("a", isolation: .process) {
                        trap()
                        return park
                    }
                ]
            }),
        "ignore": Scenario(
            children: { [ChildSpec("a", isolation: .process) { nil }, ChildSpec("b") { park }] },
            stopAfter: "root/b started"),
        "intensity": Scenario(
            children: { [steady("b"), ChildSpec("a", isolation: .process) { { throw Failure("again") } }] },
            intensity: Intensity(restarts: 2, within: .seconds(3600))),

        // MARK: Being stopped
        "stop": Scenario(
            children: {
                [
                    ChildSpec("a", isolation: .process) {
                        {
                            try? await park()
                            say("a says goodbye")
                        }
                    }
                ]
            }, stopAfter: "root/a started"),
        "deaf": Scenario(
            children: {
                [ChildSpec("a", shutdown: .within(.milliseconds(50)), isolation: .process) { deaf }, steady("b")]
            },
            stopAfter: "root/b started"),
        "kill at once": Scenario(
            children: { [ChildSpec("a", shutdown: .within(.zero), isolation: .process) { deaf }, steady("b")] },
            stopAfter: "root/b started"),
        "hanging start": Scenario(
            children: {
                [
                    ChildSpec(
                        "a", shutdown: .within(.milliseconds(50)), startDeadline: .milliseconds(50), isolation: .process
                    ) {
                        try await deaf()
                        return park
                    }
                ]
            }),

        "cancelled start": Scenario(
            children: {
                [
                    ChildSpec("a", startDeadline: .milliseconds(50), isolation: .process) {
                        try? await park()
                        return {
                            // Long enough for a supervisor that does not wait to be gone.
                            usleep(100_000)
                            say("a says goodbye")
                        }
                    }
                ]
            }),

        // MARK: Signs of life
        "silent": Scenario(
            children: {
                [
                    ChildSpec(
                        "a", shutdown: .within(.seconds(1)), liveness: .milliseconds(100), isolation: .process
                    ) { life == 0 ? deaf : park }
                ]
            }, stopAfter: "root/a started again, restart 1"),
        "alive": Scenario(
            children: {
                [
                    ChildSpec("a", restart: .temporary, liveness: .seconds(1), isolation: .process) {
                        {
                            let end = ContinuousClock.now + .seconds(3)
                            while ContinuousClock.now < end {
                                Liveness.checkIn()
                                try await Task.sleep(for: .milliseconds(10))
                            }
                        }
                    }
                ]
            }, stopAfter: "root/a finished"),

        // MARK: Limits
        "memory": limited(CellOptions(memory: 300 << 20)) {
            var blocks: [[UInt8]] = []
            while true { blocks.append([UInt8](repeating: 1, count: 1 << 20)) }
        },
        "cpu": limited(CellOptions(cpuSeconds: 1)) {
            while true {}
        },
        "files": limited(CellOptions(openFiles: 30)) {
            while true { if open("/dev/null", O_RDONLY) < 0 { throw Failure(String(cString: strerror(errno))) } }
        },
        // MARK: The process
        "descriptors": Scenario(
            children: {
                if getenv("APUS_CELL") == nil {
                    // Not to be inherited, although nothing says so.
                    _ = open("/dev/zero", O_RDONLY)
                    _ = dup2(STDIN_FILENO, 100)
                }
                return [ChildSpec("a", restart: .temporary, isolation: .process) { { listDescriptors() } }]
            }, stopAfter: "root/a finished"),
        "orphan": Scenario(
            children: { [ChildSpec("a", shutdown: .unlimited, isolation: .process) { deaf }] }),
        "own group": Scenario(
            children: {
                [
                    ChildSpec("a", restart: .temporary, isolation: .process) {
                        { say("own group: \(getpgrp() == getpid()), signals blocked: \(blockedAtStart)") }
                    }
                ]
            }, stopAfter: "root/a finished"),
        "program of a cell": Scenario(
            children: {
                guard getenv("STRAY") == nil else {
                    say("a program of its own")
                    exit(0)
                }
                return [
                    ChildSpec("a", restart: .temporary, isolation: .process) {
                        {
                            setenv("STRAY", "1", 1)
                            let status = system("exec /proc/\(getpid())/exe 'program of a cell'")
                            say("it ended with \(status)")
                        }
                    }
                ]
            }, stopAfter: "root/a finished"),
        "leaks": leaks,
        "leftovers": Scenario(
            children: {
                CellLeftovers.clear { process in
                    let isGone = kill(process, 0) != 0
                    // Long enough for a supervisor that does not wait to have gone on.
                    try? await Task.sleep(for: .milliseconds(100))
                    say("process \(process) is gone: \(isGone)")
                }
                return [
                    ChildSpec("a", isolation: .process) {
                        {
                            if life == 0 { kill(getpid(), SIGKILL) }
                            try await park()
                        }
                    }
                ]
            }, stopAfter: "root/a started again, restart 1"),

        // MARK: The tree
        "subtree": Scenario(children: { [steady("b"), subtree] }, stopAfter: "root/inner started again, restart 1"),
        "cell in a cell": Scenario(
            children: {
                [
                    supervisor(
                        "inner", [ChildSpec("leaf", isolation: .process) { { life == 0 ? trap() : try await park() } }]
                    ).childSpec(isolation: .process)
                ]
            }, stopAfter: "root/inner started again, restart 1"),
        "other tree": Scenario(
            children: { [ChildSpec(getenv("APUS_CELL") == nil ? "a" : "z", isolation: .process) { park }] }),
        "no tree": Scenario(
            children: {
                if getenv("APUS_CELL") != nil { exit(0) }
                return [ChildSpec("a", isolation: .process) { park }]
            }),

        // MARK: What goes through the sockets
        "garbage": crashing { violate(3, [99, 1, 2, 3]) },
        "long garbage": crashing { violate(3, [UInt8](repeating: 7, count: 20_000)) },
        "wrong direction": crashing { violate(3, [2]) },
        "garbage element": crashing { violate(4, [0]) },
        "no such mailbox": crashing { violate(4, [9, 0, 1, 2, 3]) },
        "closed control": crashing {
            close(3)
            try await deaf()
        },
        "noise": crashing {
            for _ in 0..<3000 { complain("some line of noise, and not the last one\n") }
            exit(4)
        },
        "elements": elements,
        "last elements": lastElements,
        "no element": noElement,
        "long element": longElement,
    ]

    /// A child in a cell that ends so in its first life, and a sibling that must not notice.
    private static func crashing(_ end: @escaping @Sendable () async throws -> Void) -> Scenario {
        Scenario(
            children: {
                [
                    steady("b"),
                    ChildSpec("a", isolation: .process) {
                        {
                            if life == 0 { try await end() }
                            try await park()
                        }
                    },
                ]
            }, stopAfter: "root/a started again, restart 1")
    }

    /// A child in a cell that ends well.
    private static func ending(_ end: @escaping @Sendable () -> Void) -> Scenario {
        Scenario(
            children: { [ChildSpec("a", restart: .transient, isolation: .process) { { end() } }] },
            stopAfter: "root/a finished")
    }

    private static func limited(
        _ options: CellOptions, _ body: @escaping @Sendable () async throws -> Void
    ) -> Scenario {
        Scenario(
            children: {
                [ChildSpec("a", isolation: .process(options)) { { life == 0 ? try await body() : try await park() } }]
            }, stopAfter: "root/a started again, restart 1")
    }

    private static let leaks = Scenario(
        children: {
            [
                ChildSpec("a", isolation: .process) {
                    {
                        switch life % 3 {
                        case _ where life >= 100: try await park()
                        case 0: trap()
                        case 1: throw Failure("again")
                        default: kill(getpid(), SIGKILL)
                        }
                    }
                },
                ChildSpec("accountant") {
                    {
                        // What some lives need at most: those of the old and of the new process.
                        var most = 0
                        while life < 10 {
                            most = max(most, openDescriptors())
                            try await Task.sleep(for: .milliseconds(1))
                        }
                        while life < 100 { try await Task.sleep(for: .milliseconds(1)) }
                        // What the last restart holds goes when it is done.
                        for _ in 0..<10_000 where openDescriptors() > most || hasDeadChild() {
                            try await Task.sleep(for: .milliseconds(1))
                        }
                        say("descriptors leaked: \(max(0, openDescriptors() - most)), zombies: \(hasDeadChild())")
                        throw Failure("done")
                    }
                },
            ]
        }, stopAfter: "done")

    private static var subtree: ChildSpec {
        let inner = Inner()
        let second = ChildSpec("second") {
            {
                // In the first life of the cell.
                guard life == 0 else { return try await park() }
                if inner.failures.add(1, ordering: .relaxed).oldValue == 0 {
                    throw Failure("the inner supervisor's business")
                }
                // Answered when the supervisor has started, and its supervisor knows.
                try? await inner.supervisor?.stopChild("nobody")
                trap()
            }
        }
        let supervisor = supervisor("inner", [steady("first"), second])
        inner.set(supervisor)
        return supervisor.childSpec(isolation: .process)
    }
}

private final class Inner: Sendable {
    let failures = Atomic(0)
    private let value = Lock<Supervisor?>(nil)

    var supervisor: Supervisor? { value.withLock { $0 } }

    func set(_ supervisor: Supervisor) {
        value.withLock { $0 = supervisor }
    }
}

func steady(_ id: String) -> ChildSpec { ChildSpec(id) { park } }

private func supervisor(_ id: String, _ children: [ChildSpec]) -> Supervisor {
    do {
        return try Supervisor(id, children: children)
    } catch {
        fatalError("\(error)")
    }
}

/// Neither ends nor listens, and holds a thread of the pool.
@Sendable private func deaf() async throws {
    while true { pause() }
}

@inline(never) private func trap() {
    let numbers = [1, 2, 3]
    if numbers[CommandLine.arguments.count + 2] == 0 { say("never") }
}

@inline(never) private func fault() {
    if let nowhere = UnsafePointer<Int>(bitPattern: 0x1238), nowhere.pointee == 1 { say("never") }
}

@inline(never) private func overflow(_ depth: Int) -> Int {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
        buffer[0] = UInt8(truncatingIfNeeded: depth)
        return overflow(depth + 1) + Int(buffer[0])
    }
}

private func complain(_ text: String) {
    _ = write(STDERR_FILENO, text, text.utf8.count)
}

private func violate(_ descriptor: Int32, _ bytes: [UInt8]) {
    _ = write(descriptor, bytes, bytes.count)
    // The supervisor kills the cell for it.
    while true { pause() }
}

private func listDescriptors() {
    for number in 0..<200 {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = readlink("/proc/self/fd/\(number)", &buffer, buffer.count)
        guard count > 0 else { continue }
        let target = String(decoding: buffer.prefix(count), as: UTF8.self)
        // Its own: event queues and the like.
        if target.hasPrefix("anon_inode:") { continue }
        say("\(number) \(target.prefix { $0 != ":" })")
    }
}

private func openDescriptors() -> Int {
    (0..<1000).count { fcntl(Int32($0), F_GETFD) >= 0 }
}

/// This program has no children but cells.
private func hasDeadChild() -> Bool {
    var info = siginfo_t()
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == SIGCHLD
}

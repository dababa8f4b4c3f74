import Foundation
import Synchronization

/// A program that runs beside fwtool until it is stopped, and never outlives it.
///
/// A thread of its own starts the program and waits for its end. The kernel kills the program when that thread is gone
/// (prctl(2), PR_SET_PDEATHSIG, set by `setpriv`), which is when fwtool ends, however it ends. Foundation's `Process`
/// has no such means and starts programs from whatever thread calls.
final class EmulatorProcess: Sendable {
    /// Standard output and standard error.
    let output = EmulatorOutput()
    let errors = EmulatorOutput()

    private enum Phase {
        case running(pid_t, waiters: [CheckedContinuation<Int32, Never>])
        case ended(Int32)
    }

    private let phase: Mutex<Phase>
    private let name: String
    private let input: LineSocket

    private init(name: String, process: pid_t, input: LineSocket) {
        self.name = name
        self.input = input
        phase = Mutex(.running(process, waiters: []))
    }

    /// Starts a program.
    ///
    /// - Parameter passing: descriptors of ours, which the program finds under the same numbers.
    /// - Throws: `FwtoolError` when it is not installed or cannot be started.
    static func start(
        _ tool: EmulatorTool, _ arguments: [String], passing: [Int32] = []
    ) async throws -> EmulatorProcess {
        try await start(tool.path(), name: tool.rawValue, arguments, passing: passing)
    }

    /// Starts a program of any path.
    ///
    /// - Parameters:
    ///   - name: what messages call it.
    ///   - directory: its working directory; ours when nil.
    ///   - environment: added to ours; an empty value removes the variable.
    static func start(
        _ path: String, name: String, _ arguments: [String], in directory: String? = nil,
        environment: [String: String] = [:], passing: [Int32] = []
    ) async throws -> EmulatorProcess {
        let guardian = try EmulatorTool.setpriv.path()
        let words = [guardian, "--pdeathsig", "KILL", "--", path] + arguments
        let variables = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
            .filter { !$0.value.isEmpty }
        let (input, theirInput) = try LineSocket.pair()
        let (output, theirOutput) = try LineSocket.pair()
        let (errors, theirErrors) = try LineSocket.pair()
        defer { for descriptor in [theirInput, theirOutput, theirErrors] { close(descriptor) } }
        let streams: [(Int32, Int32)] = [(theirInput, 0), (theirOutput, 1), (theirErrors, 2)]
        return try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<EmulatorProcess, any Error>) in
            let thread = Thread {
                do {
                    // A group of its own: Ctrl-C in the terminal is for fwtool, which then stops the program in order.
                    let process = try Spawn.start(
                        words, directory: directory, environment: variables,
                        descriptors: streams + passing.map { ($0, $0) }, ownGroup: true)
                    let started = EmulatorProcess(name: name, process: process, input: input)
                    output.readChunks(onChunk: { started.output.append($0) }, onEnd: { started.output.end() })
                    errors.readChunks(onChunk: { started.errors.append($0) }, onEnd: { started.errors.end() })
                    continuation.resume(returning: started)
                    started.awaitEnd(process)
                } catch {
                    continuation.resume(throwing: error)
                }
            }
            thread.name = name
            thread.start()
        }
    }

    /// Writes a line to the program's standard input.
    ///
    /// - Throws: `FwtoolError` when the program has ended.
    func send(_ line: String) throws {
        do { try input.send(line) } catch { throw FwtoolError("\(name) has ended: \(errors.tail())") }
    }

    /// The program's exit status, or 128 and its signal's number; waits for its end.
    func exitStatus() async -> Int32 {
        await withCheckedContinuation { continuation in
            let status: Int32? = phase.withLock { phase in
                switch phase {
                case .ended(let status): return status
                case .running(let process, let waiters):
                    phase = .running(process, waiters: waiters + [continuation])
                    return nil
                }
            }
            if let status { continuation.resume(returning: status) }
        }
    }

    /// Asks the program to end, kills it when it has not after five seconds, and waits for its end.
    func stop() async {
        signal(SIGTERM)
        let killer = Task {
            // Five seconds: QEMU ends within one on a loaded machine.
            try await Task.sleep(for: .seconds(5))
            signal(SIGKILL)
        }
        _ = await exitStatus()
        killer.cancel()
    }

    /// Ends the program, which learns nothing of it, and waits for its end.
    func kill() async {
        signal(SIGKILL)
        _ = await exitStatus()
    }

    private func signal(_ number: Int32) {
        // Under the lock: the process identifier stays ours until `awaitEnd` has taken the lock.
        phase.withLock { phase in
            if case .running(let process, _) = phase { Glibc.kill(process, number) }
        }
    }

    private func awaitEnd(_ process: pid_t) {
        var information = siginfo_t()
        // WNOWAIT leaves the zombie, and with it the identifier, until the lock is held.
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        let (status, waiters): (Int32, [CheckedContinuation<Int32, Never>]) = phase.withLock { phase in
            var raw: Int32 = 0
            while waitpid(process, &raw, 0) < 0 && errno == EINTR {}
            let status = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F)
            guard case .running(_, let waiters) = phase else { return (status, []) }
            phase = .ended(status)
            return (status, waiters)
        }
        for waiter in waiters { waiter.resume(returning: status) }
    }
}

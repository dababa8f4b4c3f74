internal import Glibc
internal import Threads

/// One life of a cell: a process, from its start until it was waited for. It ends by itself with its process.
final class CellLife: Sendable {
    enum StartAnswer {
        case started
        case ignored
        /// The process has ended, or said how its child did.
        case ended
    }

    private struct State {
        var isStarted = false
        var isStopping = false
        /// Why this process ended the other.
        var reasonToKill: CellCrash.Cause?
        /// How the child ended, as the cell says.
        var answer: CellMessage?
        var trace: CellTrace?
        var maps: [UInt8] = []
        var hasExited = false
    }

    private struct End {
        let status: SpawnedProcess.Status
        let output: CellErrorOutput
    }

    /// After the end of a process, at most so many bytes are read from its pipe and from its socket, which programs that
    /// it started may hold and fill still. More than either can hold (64 KiB in a pipe, 208 KiB in a socket by default,
    /// pipe(7) and socket(7)), so that all the process itself has left is read.
    private static let remainder = 1 << 20

    /// The most bytes of /proc/self/maps: some hundred libraries.
    private static let mapsLimit = 256 << 10

    private let cell: Cell
    private let ends: CellProcess
    private let thread: CellThread
    private let context: ChildContext?
    private let state = Lock(State())

    var processID: Int32 { ends.process.id }

    init(_ cell: Cell, _ process: CellProcess, on thread: CellThread) {
        self.cell = cell
        ends = process
        self.thread = thread
        context = ChildContext.current
    }

    /// Follows the process until it has started its child, stopping it when the task is cancelled.
    /// - Returns: what then follows it to its end; nil when there is nothing to run.
    /// - Throws: what ended the start.
    func start() async throws -> ChildSpec.Body? {
        let data = Task { await followData() }
        let errors = Task { await followErrors() }
        let exit = Task { await followProcess() }
        let starting = Task { await followControl(untilStarted: true) }
        let end = Task {
            _ = await starting.value
            _ = await followControl(untilStarted: false)
            let status = await exit.value
            await data.value
            return End(status: status, output: await errors.value)
        }
        // A cancelled task still delivers what its mailbox has room for.
        let stop: @Sendable () -> Void = {
            self.stop()
            data.cancel()
        }
        switch await withTaskCancellationHandler(operation: { await starting.value }, onCancel: stop) {
        case .started:
            return {
                let end = await withTaskCancellationHandler(operation: { await end.value }, onCancel: stop)
                try self.conclude(end)
            }
        case .ignored:
            _ = await withTaskCancellationHandler(operation: { await end.value }, onCancel: stop)
            return nil
        case .ended:
            let end = await withTaskCancellationHandler(operation: { await end.value }, onCancel: stop)
            try conclude(end)
            throw crash(.endedBeforeStart, end)
        }
    }

    /// Asks the cell to stop its child.
    private func stop() {
        state.withLock { $0.isStopping = true }
        // No room: then it does not listen, and will be killed.
        if let bytes = CellMessage.stop.bytes { _ = ends.control.send(bytes) }
    }

    /// Ends the process for certain, for the first reason given.
    func kill(_ reason: CellCrash.Cause) {
        state.withLock { state in
            if state.reasonToKill == nil { state.reasonToKill = reason }
        }
        ends.process.kill()
    }

    // MARK: What comes from the process

    private func followControl(untilStarted: Bool) async -> StartAnswer {
        while true {
            switch ends.control.receive(upTo: CellMessage.maximumLength) {
            case .packet(let bytes):
                guard let message = try? CellMessage(bytes) else {
                    kill(.violation("a message that is none"))
                    return .ended
                }
                if let answer = handle(message), untilStarted { return answer }
            case .tooLong:
                kill(.violation("a message longer than \(CellMessage.maximumLength) bytes"))
                return .ended
            case .nothing:
                if state.withLock({ $0.hasExited }) { return .ended }
                await ends.control.descriptor.waitUntilReadable()
            case .end:
                // The process ends. If it only closed the socket, it is of no use any more.
                ends.process.kill()
                return .ended
            }
        }
    }

    private func handle(_ message: CellMessage) -> StartAnswer? {
        switch message {
        case .started:
            state.withLock { $0.isStarted = true }
            return .started
        case .alive:
            context?.checkIn()
        case .event(let event):
            cell.emit(event)
        case .ignored, .finished, .cancelled, .failed, .unknownChild:
            state.withLock { $0.answer = message }
            // It ends by itself, having said all it has to say; this is for one that does not.
            ends.process.kill()
            if case .ignored = message { return .ignored }
            return .ended
        case .crash(let trace):
            state.withLock { $0.trace = trace }
        case .maps(let part):
            state.withLock { state in
                if state.maps.count < Self.mapsLimit { state.maps += part }
            }
        case .order, .stop:
            kill(.violation("a message that only its supervisor sends"))
        }
        return nil
    }

    private func followData() async {
        var left = Self.remainder
        while left > 0 {
            switch ends.data.receive(upTo: CellOutlet.maximumLength) {
            case .packet(let bytes):
                if state.withLock({ $0.hasExited }) { left -= bytes.count }
                if let flaw = await cell.deliver(bytes) { return kill(.violation(flaw)) }
            case .tooLong:
                return kill(.violation("an element longer than \(CellOutlet.maximumLength) bytes"))
            case .nothing:
                if state.withLock({ $0.hasExited }) { return }
                await ends.data.descriptor.waitUntilReadable()
            case .end:
                return
            }
        }
    }

    private func followErrors() async -> CellErrorOutput {
        var output = CellErrorOutput()
        var buffer = [UInt8](repeating: 0, count: 4096)
        var left = Self.remainder
        while left > 0 {
            let count = read(ends.errors.number, &buffer, buffer.count)
            if count > 0 {
                if state.withLock({ $0.hasExited }) { left -= count }
                await passOn(output.append(buffer.prefix(count)))
            } else if count < 0, errno == EAGAIN {
                if state.withLock({ $0.hasExited }) { break }
                await ends.errors.waitUntilReadable()
            } else if count == 0 || errno != EINTR {
                break
            }
        }
        await passOn(output.finish())
        return output
    }

    /// Writes to our own standard error, which may block.
    private func passOn(_ bytes: [UInt8]) async {
        guard !bytes.isEmpty else { return }
        await thread.perform { _ = write(STDERR_FILENO, bytes, bytes.count) }
    }

    private func followProcess() async -> SpawnedProcess.Status {
        let status = await ends.process.wait()
        state.withLock { $0.hasExited = true }
        // Their other ends may be open still, in processes that the cell started.
        ends.control.descriptor.release()
        ends.data.descriptor.release()
        ends.errors.release()
        // Part of the end, which its supervisor waits for.
        await CellLeftovers.clear(after: processID)
        return status
    }

    // MARK: The end

    /// - Throws: what the child threw, or how its process ended; nothing when the child returned.
    private func conclude(_ end: End) throws {
        let state = state.withLock { $0 }
        if case .violation? = state.reasonToKill { throw crash(state.reasonToKill, end) }
        switch state.answer {
        case .finished, .ignored: return
        case .cancelled: throw CancellationError()
        case .failed(let text): throw CellError.thrown(text)
        case .unknownChild(let reason): throw CellError.unknownChild(path: cell.path, reason: reason)
        default: break
        }
        if let reason = state.reasonToKill, end.status == .signal(SIGKILL) {
            // One that is killed without being waited for did nothing wrong.
            if case .notWaitedFor = reason { throw CancellationError() }
            throw crash(reason, end)
        }
        if end.status == .exited(0), state.isStarted { return }
        throw crash(nil, end)
    }

    private func crash(_ known: CellCrash.Cause?, _ end: End) -> CellCrash {
        let state = state.withLock { $0 }
        return CellCrash(
            path: cell.path, processID: ends.process.id, known: known, status: end.status, isStarted: state.isStarted,
            options: cell.options, output: end.output, trace: state.trace, maps: state.maps)
    }
}

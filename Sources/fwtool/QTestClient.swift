import Foundation
import Synchronization

/// QEMU's test protocol: a command a line, answered in order by `OK ...` or `FAIL ...`. Its use here: driving the input
/// lines of the emulated GPIO controller, and reading its registers, while the guest runs as usual.
final class QTestClient: Sendable {
    private struct State {
        var nextID = 0
        /// In the order sent. Who was cancelled keeps the place, for the answer will come.
        var pending: [(id: Int, continuation: CheckedContinuation<String, any Error>?)] = []
        var ended = false
    }

    private let socket: LineSocket
    private let state = Mutex(State())

    init(socket: LineSocket) {
        self.socket = socket
        socket.readLines { [weak self] line in
            self?.receive(String(decoding: line, as: UTF8.self))
        } onEnd: { [weak self] in
            self?.end()
        }
    }

    /// Sets an input line of a device.
    ///
    /// - Parameters:
    ///   - path: the device's path in QEMU's object tree.
    ///   - line: from 0.
    /// - Throws: `FwtoolError` when there is no such line or QEMU has ended.
    func setInput(_ line: Int, of path: String, to high: Bool) async throws {
        try await execute("set_irq_in \(path) unnamed-gpio-in \(line) \(high ? 1 : 0)")
    }

    /// Reads a byte where the guest's processor would find it, such as a register of a device.
    /// - Throws: `FwtoolError` when QEMU has ended.
    func byte(at address: UInt64) async throws -> UInt8 {
        let answer = try await execute("readb 0x\(String(address, radix: 16))")
        // "OK 0x00000000000000ff"
        guard let value = UInt8(answer.split(separator: "x").last ?? "", radix: 16) else {
            throw FwtoolError("QEMU answers '\(answer)' instead of a byte")
        }
        return value
    }

    @discardableResult
    private func execute(_ command: String) async throws -> String {
        let answer = try await Deadline.within(.seconds(60), "QEMU did not answer \(command)") { [self] in
            let id = state.withLock { state in
                defer { state.nextID += 1 }
                return state.nextID
            }
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    // Sent under the lock, so that the order of the queue is the order on the socket.
                    let failure: (any Error)? = state.withLock { state in
                        guard !state.ended else { return FwtoolError("QEMU has ended") }
                        do { try socket.send(command) } catch { return error }
                        state.pending.append((id, continuation))
                        return nil
                    }
                    if let failure { continuation.resume(throwing: failure) }
                    // Cancelled before it was registered: the handler found nothing to end.
                    if Task.isCancelled { cancel(id) }
                }
            } onCancel: {
                cancel(id)
            }
        }
        guard answer.hasPrefix("OK") else { throw FwtoolError("QEMU refuses '\(command)': \(answer)") }
        return answer
    }

    private func receive(_ line: String) {
        // Interrupt notices come unasked.
        if line.hasPrefix("IRQ") { return }
        let first = state.withLock { $0.pending.isEmpty ? nil : $0.pending.removeFirst() }
        first?.continuation?.resume(returning: line)
    }

    private func end() {
        let pending = state.withLock { state in
            state.ended = true
            defer { state.pending = [] }
            return state.pending
        }
        for (_, continuation) in pending { continuation?.resume(throwing: FwtoolError("QEMU has ended")) }
    }

    private func cancel(_ id: Int) {
        let continuation = state.withLock { state -> CheckedContinuation<String, any Error>? in
            guard let index = state.pending.firstIndex(where: { $0.id == id }) else { return nil }
            defer { state.pending[index].continuation = nil }
            return state.pending[index].continuation
        }
        continuation?.resume(throwing: CancellationError())
    }
}

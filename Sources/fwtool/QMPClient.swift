import Foundation
internal import JSON
import Synchronization

/// QEMU's machine protocol: JSON objects, one a line, answers carry the `id` of their command (QEMU's `qmp-spec`).
final class QMPClient: Sendable {
    private struct State {
        var nextID: Int64 = 1
        var pending: [Int64: CheckedContinuation<JSON, any Error>] = [:]
        var ended = false
    }

    private let socket: LineSocket
    private let state = Mutex(State())

    /// Starts reading. The greeting needs no answer but `qmp_capabilities`, which `negotiate` sends.
    init(socket: LineSocket) {
        self.socket = socket
        socket.readLines { [weak self] line in
            self?.receive(line)
        } onEnd: { [weak self] in
            self?.end()
        }
    }

    /// Leaves the negotiation mode every connection starts in.
    func negotiate() async throws {
        _ = try await execute("qmp_capabilities")
    }

    /// Runs a command and returns its result.
    ///
    /// - Throws: `FwtoolError` with QEMU's own description of what went wrong, or when QEMU has ended.
    @discardableResult
    func execute(_ command: String, _ arguments: JSON = [:]) async throws -> JSON {
        try await Deadline.within(.seconds(60), "QEMU did not answer \(command)") { [self] in
            let id = state.withLock { state in
                defer { state.nextID += 1 }
                return state.nextID
            }
            let request: JSON = ["execute": .string(command), "arguments": arguments, "id": .integer(id)]
            let line = try request.text()
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let isOpen = state.withLock { state in
                        if state.ended { return false }
                        state.pending[id] = continuation
                        return true
                    }
                    guard isOpen else {
                        continuation.resume(throwing: FwtoolError("QEMU has ended"))
                        return
                    }
                    // Cancelled before it was registered: the handler found nothing to end.
                    if Task.isCancelled {
                        take(id)?.resume(throwing: CancellationError())
                        return
                    }
                    do { try socket.send(line) } catch { take(id)?.resume(throwing: error) }
                }
            } onCancel: {
                take(id)?.resume(throwing: CancellationError())
            }
        }
    }

    /// The value of an object's property.
    func property(_ name: String, of path: String) async throws -> JSON {
        try await execute("qom-get", ["path": .string(path), "property": .string(name)])
    }

    /// Sets an object's property, for example `temperature` (thousandths of a degree Celsius) of a tmp105.
    func setProperty(_ name: String, of path: String, to value: JSON) async throws {
        try await execute("qom-set", ["path": .string(path), "property": .string(name), "value": value])
    }

    /// The path of the first device of a type among those the machine made by itself.
    ///
    /// - Throws: `FwtoolError` when the machine has none.
    func device(ofType type: String) async throws -> String {
        let folder = "/machine/unattached"
        let children = try await execute("qom-list", ["path": .string(folder)]).arrayValue ?? []
        for child in children {
            guard let object = child.objectValue, object["type"]?.stringValue == "child<\(type)>",
                let name = object["name"]?.stringValue
            else { continue }
            return "\(folder)/\(name)"
        }
        throw FwtoolError("the emulated machine has no \(type)")
    }

    private func receive(_ line: [UInt8]) {
        // Lines without an id are the greeting and events.
        guard let object = (try? JSON(parsing: line))?.objectValue, let id = object["id"]?.integerValue else { return }
        guard let continuation = take(id) else { return }
        if let result = object["return"] {
            continuation.resume(returning: result)
        } else {
            let description = object["error"]?.objectValue?["desc"]?.stringValue ?? "no description"
            continuation.resume(throwing: FwtoolError("QEMU refuses: \(description)"))
        }
    }

    private func end() {
        let pending = state.withLock { state in
            state.ended = true
            defer { state.pending = [:] }
            return state.pending
        }
        for continuation in pending.values { continuation.resume(throwing: FwtoolError("QEMU has ended")) }
    }

    private func take(_ id: Int64) -> CheckedContinuation<JSON, any Error>? {
        state.withLock { $0.pending.removeValue(forKey: id) }
    }
}

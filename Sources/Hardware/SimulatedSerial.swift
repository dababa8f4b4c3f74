internal import Threads

/// A serial line that exists in this process only: a test or a simulated device is at its other end.
public final class SimulatedSerial: Sendable {
    private struct State {
        var receiver: SerialReceiver?
        /// Counts connections, so that the end of an earlier one does not end a later one.
        var connection = 0
        var port = ""
        var settings: SerialSettings?
        var isAbsent = false
        var onWrite: (@Sendable ([UInt8]) -> Void)?
    }

    private let state = Lock(State())

    public init() {}

    /// What the last one to open the port asked for; nil before.
    public var settings: SerialSettings? { state.withLock { $0.settings } }

    /// Whether somebody has the port open.
    public var isOpen: Bool { state.withLock { $0.receiver != nil } }

    /// What happens with the bytes of each write, on the writer's thread; without it they are lost.
    public func onWrite(_ body: (@Sendable ([UInt8]) -> Void)?) {
        state.withLock { $0.onWrite = body }
    }

    /// Sends bytes to whoever has the port open; without anybody they are lost, as on a real line.
    public func send(_ bytes: [UInt8]) {
        let receiver = state.withLock { $0.receiver }
        receiver?.receive(bytes, at: UInt64(MonotonicClock.now))
    }

    /// Lets the line be idle for long enough to end a frame.
    public func pause() {
        let receiver = state.withLock { $0.receiver }
        receiver?.endByPause(at: UInt64(MonotonicClock.now))
    }

    /// Takes the port away, as an adapter that is unplugged: whoever has it open fails, and so does who opens it.
    public func unplug() {
        let (receiver, port) = state.withLock { state in
            state.isAbsent = true
            defer { state.receiver = nil }
            return (state.receiver, state.port)
        }
        receiver?.finish(throwing: .failed(port: port, reason: "it was unplugged"))
    }

    /// Brings the port back.
    public func plug() {
        state.withLock { $0.isAbsent = false }
    }
}

extension SimulatedSerial {
    func connect(
        _ receiver: SerialReceiver, _ settings: SerialSettings, _ name: String
    ) throws(SerialError) -> any SerialConnection {
        let connection = try state.withLock { state throws(SerialError) in
            if state.isAbsent { throw .noPort(port: name, reason: "there is no such port") }
            if state.receiver != nil { throw .busy(port: name) }
            state.receiver = receiver
            state.settings = settings
            state.port = name
            state.connection += 1
            return state.connection
        }
        return Connection(line: self, number: connection, port: name, receiver: receiver)
    }

    private struct Connection: SerialConnection {
        let line: SimulatedSerial
        let number: Int
        let port: String
        let receiver: SerialReceiver

        func write(_ bytes: [UInt8], within limit: Duration) async throws(SerialError) {
            let (isOpen, body) = line.state.withLock { state in
                (state.connection == number && state.receiver != nil, state.onWrite)
            }
            guard isOpen else { throw .closed(port: port) }
            body?(bytes)
        }

        func countErrors(in statistics: inout SerialStatistics) {}

        func close() {
            line.state.withLock { state in
                if state.connection == number { state.receiver = nil }
            }
            receiver.finish()
        }
    }
}

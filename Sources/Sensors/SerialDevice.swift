internal import Hardware
internal import Supervision
internal import Threads

/// What speaks by itself on a serial line, and is taken for dead when nothing right has come for some time.
public struct SerialDevice: Sendable {
    let port: SerialPort
    private let name: String
    private let silence: Duration
    private let timeline: Timeline

    /// - Parameters:
    ///   - type: the device's name, for errors.
    ///   - silence: how long nothing right may come: after this to twice this time the device is taken for dead.
    init(
        _ type: String, on line: SerialLine, _ settings: SerialSettings, framing: SerialFraming, silence: Duration,
        clock: any Clock<Duration>
    ) throws {
        port = try line.open(settings, framing: framing)
        name = "\(type) at \(line.name)"
        self.silence = silence
        timeline = Timeline(clock)
    }

    /// The present moment of the device's clock.
    var now: Duration { timeline.now }

    /// Hands on the frames until the task is cancelled or the port is closed.
    /// - Parameter body: tells whether the frame was a right one.
    /// - Throws: `SerialError`, ``SensorError/fault(sensor:what:hint:)`` after the silence, what `body` throws.
    func listen(_ body: @escaping @Sendable (SerialFrame) async throws -> Bool) async throws {
        let heard = HeardFrames()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [port] in
                for try await frame in port.frames {
                    if try await body(frame) { heard.add() }
                }
            }
            group.addTask { [self] in
                var ticker = Ticker(every: silence, on: timeline, isImmediate: false)
                var last = 0
                while true {
                    try await ticker.next()
                    let count = heard.count
                    guard count != last else { throw failure() }
                    last = count
                }
            }
            // The first to end takes the other along.
            try await group.next()
            group.cancelAll()
        }
    }

    private func failure() -> SensorError {
        let statistics = port.statistics
        guard statistics.bytes > 0 else {
            return .fault(
                sensor: name, what: "nothing came for \(silence)",
                hint: "check that it has power, and that its TX is wired to this board's RX")
        }
        return .fault(
            sensor: name,
            what: "nothing right came for \(silence); of \(statistics.bytes) bytes so far \(statistics.discardedBytes) "
                + "fit no frame, with \(statistics.framingErrors) framing errors",
            hint: "check the baud rate and the wiring")
    }
}

/// How many right frames have come.
private final class HeardFrames: Sendable {
    private let state = Lock(0)

    var count: Int { state.withLock { $0 } }

    func add() {
        state.withLock { $0 += 1 }
    }
}

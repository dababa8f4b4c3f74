internal import Sensors

/// What goes to a receiver in one message, with the outbox's number of it, which is never used twice.
struct OutboxMessage: Sendable {
    enum Content: Sendable {
        /// Of consecutive numbers.
        case readings([Reading])
        case gap(OutboxGap)
    }

    let number: UInt64
    let content: Content

    /// Readings in it, or gaps.
    var count: Int {
        if case .readings(let readings) = content { readings.count } else { 1 }
    }

    /// Those of the readings, or of the gap.
    var numbers: ClosedRange<UInt64> {
        switch content {
        case .readings(let readings): (readings.first?.sequence ?? 0)...(readings.last?.sequence ?? 0)
        case .gap(let gap): gap.first...gap.last
        }
    }

    /// As a SenML pack, with times as of now.
    /// - Throws: when a value is infinite or not a number.
    func pack(device: String, as format: SenMLFormat) throws(SenML.NotFiniteError) -> [UInt8] {
        let present = SenML.Present(monotonicTime: DeviceClock.monotonicTime, bootID: BootID.current)
        switch content {
        case .readings(let readings):
            return try SenML.pack(readings, device: device, present: present, as: format)
        case .gap(let gap):
            let gap = SenML.Gap(numbers: gap.first...gap.last, reason: gap.reason.name, wallTime: gap.wallTime)
            return try SenML.pack([], gaps: [gap], device: device, present: present, as: format)
        }
    }
}

/// A connection to a receiver.
protocol OutboxLink: Sendable {
    /// The most messages in flight.
    var window: Int { get }
    /// The most readings in a message.
    var limit: Int { get }

    /// Whether two readings can go in the same message.
    func canShare(_ first: Reading, _ second: Reading) -> Bool

    /// Never waits.
    /// - Returns: false when the connection is gone.
    func send(_ message: OutboxMessage) -> Bool
}

internal import Hardware
internal import Monitoring
internal import Sensors
internal import Supervision

extension SensorReport {
    /// The sensors and buses of this process, and how the sensors are in the tree of its children.
    static func current(_ tree: SupervisorSnapshot, now: UInt64 = DeviceClock.monotonicTime) -> SensorReport {
        var children: [String: ChildSnapshot] = [:]
        collect(tree, into: &children)
        return SensorReport(
            KnownSensors.ids.compactMap { id in
                KnownSensors[id].map { SensorStatus(id, children[id], $0.statistics, isInCell: $0.isInCell, now: now) }
            }, buses: KnownBuses.all.map { BusStatus(name: $0.name, $0.statistics) })
    }

    private static func collect(_ tree: SupervisorSnapshot, into children: inout [String: ChildSnapshot]) {
        for child in tree.children {
            if let below = child.supervisor { collect(below, into: &children) }
            children[child.id] = child
        }
    }
}

extension SensorStatus {
    fileprivate init(
        _ id: String, _ child: ChildSnapshot?, _ statistics: SensorStatistics, isInCell: Bool, now: UInt64
    ) {
        self.init(id: id, state: State(child?.state))
        restartsIn = child?.restartsIn
        restarts = child?.restarts ?? 0
        process = child?.processID
        lastError = child?.lastError.map { "\($0)" }
        values = statistics.latest.map { Value($0, now: now) }
        // Neither a driver in a cell nor one below a supervisor in a cell counts in this process.
        guard !isInCell, child != nil else { return }
        let known = statistics.counts
        var counts = Counts()
        counts.measurements = known.measurements
        counts.missed = known.missed
        counts.rejected = known.rejected
        counts.heldBack = known.heldBack
        counts.lost = known.lost
        counts.errors = known.failures
        self.counts = counts
    }
}

extension BusStatus {
    fileprivate init(name: String, _ statistics: I2CStatistics) {
        self.init(name: name)
        transactions = Int(clamping: statistics.transactions)
        retries = Int(clamping: statistics.retries)
        notAcknowledged = Int(clamping: statistics.notAcknowledged)
        timeouts = Int(clamping: statistics.timeouts)
        otherFailures = Int(clamping: statistics.arbitrationLost &+ statistics.otherFailures)
        isHung = statistics.isHung
    }
}

extension SensorStatus.State {
    /// - Parameter state: nil for a child that is not in this process's tree.
    fileprivate init(_ state: ChildSnapshot.State?) {
        self =
            switch state {
            case .stopped: .stopped
            case .starting: .starting
            case .running: .running
            case .restarting: .restarting
            case .stopping: .stopping
            case nil: .unknown
            }
    }
}

extension SensorStatus.Value {
    fileprivate init(_ reading: Reading, now: UInt64) {
        let content: Content =
            switch reading.value {
            case .number(let number): .number(number)
            case .bool(let bool): .bool(bool)
            }
        // A driver may name any moment, one in the future too.
        let age = now > reading.monotonicTime ? now - reading.monotonicTime : 0
        self.init(
            quantity: reading.quantity.name, unit: reading.quantity.unit, content: content,
            age: .nanoseconds(Int64(clamping: age)))
    }
}

import Supervision

/// Children that do something each period, at absolute deadlines, spread over the period by the service.
enum Periodic {
    /// An actor of its own, with a state of its own.
    private actor Child: PeriodicActor {
        private let timers: TimerService
        private let window: ClosedRange<Int64>
        private let histogram: Histogram
        private var ticks = 0

        nonisolated var unownedExecutor: UnownedSerialExecutor { timers.unownedExecutor }

        init(on timers: TimerService, in window: ClosedRange<Int64>, into histogram: Histogram) {
            self.timers = timers
            self.window = window
            self.histogram = histogram
        }

        func tick(_ tick: Tick) {
            ticks += 1
            let scheduled = Resources.nanoseconds(tick.scheduled)
            // By the clock and not as the service says.
            if window.contains(scheduled) { histogram.note(nanoseconds: Resources.nanoseconds() - scheduled) }
        }
    }

    /// - Parameters:
    ///   - period: in milliseconds.
    ///   - length: in seconds.
    static func measure(children count: Int, period: Int, length: Int) async throws {
        let timers = try TimerService(name: "bench")
        // 300 ms: until then all are there.
        let start = timers.now + .milliseconds(300)
        // Without the first one of each child: the peer's come a period after the start.
        let end = start + .seconds(length)
        let window = Resources.nanoseconds(start + .milliseconds(period))...Resources.nanoseconds(end)
        let histogram = Histogram()
        let tree = try await RunningTree(
            (0..<count).map { id in
                ChildSpec("\(id)", every: .milliseconds(period), on: timers) {
                    Child(on: timers, in: window, into: histogram)
                }
            })
        try await Task.sleep(for: start - timers.now)
        let cpu = Resources.cpuNanoseconds()
        try await Task.sleep(for: end - timers.now)
        SupervisionBench.print("cpu.seconds", Double(Resources.cpuNanoseconds() - cpu) / 1e9)
        await tree.stop()
        SupervisionBench.print("ticks", Double(histogram.count))
        for (name, share) in [("late.p50.us", 0.5), ("late.p99.us", 0.99), ("late.p999.us", 0.999)] {
            SupervisionBench.print(name, histogram.percentile(share))
        }
    }
}

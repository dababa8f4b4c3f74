import Glibc
import Supervision

/// A child in a cell that traps, again and again.
enum CellRestart {
    /// One life of the child, in nanoseconds of the monotonic clock, which all processes share.
    private struct Life: CellTransferable {
        /// When its body ran.
        let running: Int64
        /// When it is going to trap: announced, for what a process sends in its last moment may be lost.
        let trap: Int64

        init(running: Int64, trap: Int64) {
            self.running = running
            self.trap = trap
        }

        var cellBytes: [UInt8] {
            withUnsafeBytes(of: (running, trap)) { Array($0) }
        }

        init?(cellBytes: ArraySlice<UInt8>) {
            guard cellBytes.count == 2 * MemoryLayout<Int64>.size else { return nil }
            (running, trap) = cellBytes.withUnsafeBytes { $0.loadUnaligned(as: (Int64, Int64).self) }
        }
    }

    /// Until then the announcement has arrived.
    private static let life: Int64 = 20_000_000

    /// The last part of it is not slept away: a wake-up comes late.
    private static let vigil: Int64 = 1_000_000

    static func measure(restarts: Int) async throws {
        let lives = Mailbox<Life>(capacity: 16, overflow: .suspendSender)
        var child = ChildSpec("trapping", isolation: .process) {
            {
                let running = Resources.nanoseconds()
                let trap = running + life
                try await lives.send(Life(running: running, trap: trap))
                try await Task.sleep(for: .nanoseconds(life - vigil))
                while Resources.nanoseconds() < trap {}
                let nothing: [Int] = []
                // Out of range, which the compiler must not see.
                Swift.print(nothing[Int(running & 1)])
            }
        }
        child.outlets = [CellOutlet(lives)]
        let tree = try await RunningTree([child])
        var times: [Double] = []
        var last: Life?
        while times.count < restarts {
            for life in try await lives.receive() {
                if let last { times.append(Double(life.running - last.trap) / 1_000_000) }
                last = life
            }
        }
        await tree.stop()
        times.sort()
        SupervisionBench.print("p50.ms", Statistics.percentile(times, 0.5))
        SupervisionBench.print("p99.ms", Statistics.percentile(times, 0.99))
    }
}

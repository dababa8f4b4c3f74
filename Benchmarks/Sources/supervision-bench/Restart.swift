import Supervision

/// Children of a one-for-one supervisor, one of them made to fail at a time, and the next when it is up again.
enum Restart {
    private struct Crash: Error {}

    static func measure(children: Int, restarts: Int) async throws {
        var (medians, tails): ([Double], [Double]) = ([], [])
        for _ in 0..<SupervisionBench.rounds {
            let times = try await round(children, restarts).sorted()
            medians.append(Statistics.percentile(times, 0.5))
            tails.append(Statistics.percentile(times, 0.99))
        }
        SupervisionBench.print("p50.us", Statistics.median(medians) / 1000)
        SupervisionBench.print("p99.us", Statistics.median(tails) / 1000)
    }

    /// Nanoseconds from the message that makes a child throw to the start function of its next incarnation.
    private static func round(_ count: Int, _ restarts: Int) async throws -> [Double] {
        let started = Handover<Int64>()
        let mailboxes = (0..<count).map { _ in Mailbox<Crash>(capacity: 8, overflow: .suspendSender) }
        let tree = try await RunningTree(
            mailboxes.enumerated().map { id, mailbox in
                ChildSpec("\(id)") {
                    started.give(Resources.nanoseconds())
                    return {
                        while true {
                            for crash in try await mailbox.receive() { throw crash }
                        }
                    }
                }
            })
        for _ in 0..<count { _ = await started.take() }

        var times: [Double] = []
        times.reserveCapacity(restarts)
        for _ in 0..<restarts {
            let mailbox = mailboxes[Int.random(in: 0..<count)]
            let killed = Resources.nanoseconds()
            _ = mailbox.offer(Crash())
            times.append(Double(await started.take() - killed))
        }
        await tree.stop()
        return times
    }
}

import Glibc
import Supervision

/// Children that wait at their mailboxes.
enum ParkedChildren {
    /// Of some depth, as a device's would be.
    static func mailbox() -> Mailbox<Reading> { Mailbox(capacity: 64, overflow: .dropOldest) }

    @Sendable
    static func start(_ mailbox: Mailbox<Reading>) -> ChildSpec.Body {
        { while true { _ = try await mailbox.receive() } }
    }

    static func `static`(_ count: Int) async throws -> RunningTree {
        try await RunningTree(
            (0..<count).map { id in
                let mailbox = mailbox()
                return ChildSpec("\(id)") { start(mailbox) }
            })
    }

    static func dynamic(_ count: Int) async throws -> RunningTree {
        let supervisor = try DynamicSupervisor("parked", intensity: RunningTree.intensity) { start($0) }
        let tree = try await RunningTree([supervisor.childSpec()])
        for _ in 0..<count { try await supervisor.startChild(mailbox()) }
        return tree
    }
}

/// A child at one moment. Its description is one line.
public struct ChildSnapshot: Sendable, CustomStringConvertible {
    public enum State: Sendable, Hashable {
        /// Not started, ended for good, or stopped.
        case stopped
        /// In its start function for the first time.
        case starting
        case running
        /// Did run, or failed to, and does not run again yet.
        case restarting
        /// Cancelled and not yet ended.
        case stopping
    }

    public let id: String
    public let restart: Restart
    public let state: State

    /// Starts after the first since the supervisor began.
    public let restarts: Int

    /// Until its back-off is over; nil while it waits for none.
    public let restartsIn: Duration?

    /// Since the child has started; nil while it does not run.
    public let uptime: Duration?

    /// The process that the child runs in, when that is a cell's; nil while it does not run.
    public let processID: Int32?

    /// What the child last failed with.
    public let lastError: (any Error)?

    /// Since the child last checked in; nil without a liveness deadline, and while it does not run.
    public let livenessAge: Duration?

    /// Of the mailbox that the child reads.
    public let mailbox: MailboxStatistics?

    /// What is below, when the child is a supervisor; nil for one in a cell, whose children this process does not know.
    public let supervisor: SupervisorSnapshot?

    public var description: String {
        var parts = ["\(id) \(state)"]
        if let uptime { parts[0] += " \(SupervisorEvent.text(uptime))" }
        if let processID { parts.append("process \(processID)") }
        if restarts > 0 { parts.append("\(restarts) restarts") }
        if let mailbox { parts.append("mailbox \(mailbox.depth), at most \(mailbox.highWaterMark)") }
        if let livenessAge { parts.append("alive \(SupervisorEvent.text(livenessAge)) ago") }
        if let lastError { parts.append("last error: \(SupervisorEvent.oneLine(lastError))") }
        return parts.joined(separator: ", ")
    }
}

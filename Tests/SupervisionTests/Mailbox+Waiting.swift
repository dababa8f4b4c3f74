import Supervision

extension Mailbox {
    /// Waits until so many senders wait for room.
    func waitingSenders(_ count: Int) async throws {
        while statistics.waitingSenders < count {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}

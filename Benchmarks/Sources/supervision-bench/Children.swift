import Glibc

/// What parked children of a dynamic supervisor hold, each with the mailbox it waits at.
enum Children {
    static func measure(count: Int) async throws {
        // A few first: the pool's threads and malloc's arenas are there then.
        let few = try await ParkedChildren.dynamic(100)
        let (resident, heap) = (try Resources.residentBytes(), Resources.heapBytes())
        let tree = try await ParkedChildren.dynamic(count)
        // The last ones are on their way to their mailboxes still.
        usleep(200_000)
        let (residentGrowth, heapGrowth) = (try Resources.residentBytes() - resident, Resources.heapBytes() - heap)
        await tree.stop()
        await few.stop()
        SupervisionBench.print("rss.bytes", Double(residentGrowth) / Double(count))
        SupervisionBench.print("heap.bytes", Double(heapGrowth) / Double(count))
    }
}

internal import CHardwarePeer
internal import Glibc
internal import Hardware

/// Transactions that write one byte and read two.
enum Transactions {
    /// Five rounds of each: all in one `perform`, a call for each on the bus's thread and from elsewhere, and the C
    /// loop. Prints nanoseconds of a transaction.
    static func run(path: String, address: I2CAddress, count: Int) async throws {
        // The one that takes the bus's interrupts: whether a thread happens to be on another decides over a multiple of
        // what is measured, on both sides. The threads to come take it over; those there are do not count.
        if peer_use_first_core() != 0 { HardwareBench.fail("no core: \(String(cString: strerror(errno)))") }
        let bus = try I2CBus(path: path)
        func perform() async throws {
            try await bus.perform { bus throws(I2CError) in
                for _ in 0..<count { _ = try bus.write([0], thenRead: 2, at: address) }
            }
        }
        func call() async throws {
            for _ in 0..<count { _ = try await bus.write([0], thenRead: 2, at: address) }
        }
        func time(_ body: () async throws -> Void) async throws -> Int64 {
            let start = HardwareBench.monotonicTime
            try await body()
            return (HardwareBench.monotonicTime - start) / Int64(max(1, count))
        }
        let ways: [(name: String, nanoseconds: () async throws -> Int64)] = [
            ("performed", { try await time(perform) }),
            ("staying", { try await time { try await withTaskExecutorPreference(bus.thread, operation: call) } }),
            ("called", { try await time(call) }),
            (
                "c",
                {
                    let duration = peer_i2c(path, address.rawValue, Int32(count))
                    guard duration >= 0 else { HardwareBench.fail("the C loop: \(String(cString: strerror(errno)))") }
                    return duration / Int64(max(1, count))
                }
            ),
        ]
        // The first round is not told: the emulator translates code when it runs first.
        for round in 0...5 {
            var results: [String] = []
            // Each goes first in turn.
            for way in (0..<ways.count).map({ ways[(round + $0) % ways.count] }) {
                results.append("\(way.name)=\(try await way.nanoseconds())")
            }
            if round > 0 { HardwareBench.tell(results.joined(separator: " ")) }
        }
    }
}

// Times lines and buses beside a C program that does the same, on the board it runs on. Prints `name=value` pairs.
internal import CHardwarePeer
internal import Glibc
internal import Hardware

@main
enum HardwareBench {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "i2c" where arguments.count == 4:
            try await i2c(
                path: arguments[1], address: try I2CAddress(Int(arguments[2], radix: 16) ?? 0),
                count: Int(arguments[3]) ?? 0)
        case "edges" where arguments.count == 4:
            try await edges(label: arguments[1], offset: Int(arguments[2]) ?? -1, count: Int(arguments[3]) ?? 0)
        case "edges-c" where arguments.count == 4:
            try edgesInC(path: arguments[1], offset: UInt32(arguments[2]) ?? 0, count: Int32(arguments[3]) ?? 0)
        default:
            print(
                "usage: hardware-bench i2c PATH HEX-ADDRESS COUNT | edges CHIP-LABEL LINE COUNT | edges-c CHIP-PATH LINE COUNT"
            )
            exit(2)
        }
    }

    /// Five rounds of each, in turn: a call for each transaction, all in one `perform`, and the C loop.
    private static func i2c(path: String, address: I2CAddress, count: Int) async throws {
        let bus = try I2CBus(path: path)
        for _ in 0..<5 {
            var start = nanoseconds()
            for _ in 0..<count { _ = try await bus.write([0], thenRead: 2, at: address) }
            let calls = nanoseconds() - start
            start = nanoseconds()
            try await bus.perform { bus throws(I2CError) in
                for _ in 0..<count { _ = try bus.write([0], thenRead: 2, at: address) }
            }
            let performed = nanoseconds() - start
            let peer = peer_i2c(path, address.rawValue, Int32(count))
            guard peer >= 0 else { throw Failure(code: errno) }
            print("calls=\(calls / Int64(count)) performed=\(performed / Int64(count)) c=\(peer / Int64(count)) ns")
        }
    }

    private static func edges(label: String, offset: Int, count: Int) async throws {
        let line = try InputLine(on: .labelled(label), offset: offset, InputOptions(edges: .both))
        let start = processorTime()
        var taken = 0
        for try await event in line.events {
            taken += 1
            if taken == count || event.lineSequence >= UInt64(count) { break }
        }
        print("taken=\(taken) lost=\(line.statistics.lost) cpu=\((processorTime() - start) / Int64(max(taken, 1))) ns")
    }

    private static func edgesInC(path: String, offset: UInt32, count: Int32) throws {
        let start = processorTime()
        let lost = peer_edges(path, offset, count)
        guard lost >= 0 else { throw Failure(code: errno) }
        print("taken=\(count) lost=\(lost) cpu=\((processorTime() - start) / Int64(max(count, 1))) ns")
    }

    private struct Failure: Error {
        let code: Int32
    }

    private static func nanoseconds() -> Int64 { time(CLOCK_MONOTONIC) }

    /// Of this process, all threads.
    private static func processorTime() -> Int64 { time(CLOCK_PROCESS_CPUTIME_ID) }

    private static func time(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

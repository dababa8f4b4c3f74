// Times lines and buses on the board it runs on. Prints `name=value` pairs; `ready` when edges may begin.
internal import Glibc
internal import Hardware

@main
enum HardwareBench {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        switch words.first {
        case "i2c" where words.count == 4:
            try await Transactions.run(
                path: words[1], address: try I2CAddress(Int(words[2], radix: 16) ?? 0), count: Int(words[3]) ?? 0)
        case "edges" where words.count == 4, "edges-iterated" where words.count == 4:
            try await Edges.take(
                Int(words[3]) ?? 0, of: Int(words[2]) ?? -1, label: words[1], isIterating: words[0] == "edges-iterated")
        case "cpu" where words.count >= 4:
            try WatchedProgram.run(Array(words[3...]), untilItTakes: Int(words[2]) ?? -1, of: words[1])
        case "mailbox" where words.count == 4:
            try await MailboxLatency.measure(Int(words[3]) ?? 0, of: Int(words[2]) ?? -1, label: words[1])
        case "sensors" where words.count == 2:
            try await ManySensors.run(seconds: Int(words[1]) ?? 0)
        default:
            print(
                """
                usage: hardware-bench i2c PATH HEX-ADDRESS COUNT    transactions, beside C
                                      edges CHIP LINE COUNT         takes edges, and ends
                                      edges-iterated ...            the same from a task that is anywhere
                                      cpu CHIP LINE PROGRAM...      a program that takes edges: its processor time for them
                                      mailbox CHIP LINE COUNT       edges as readings in a mailbox
                                      sensors SECONDS               200 sensors on three buses
                """)
            exit(2)
        }
    }

    /// Prints a line that is seen at once, in a pipe too.
    static func tell(_ line: String) {
        print(line)
        fflush(nil)
    }

    static func fail(_ what: String) -> Never {
        tell("failed: \(what)")
        exit(1)
    }

    static var monotonicTime: Int64 { nanoseconds(CLOCK_MONOTONIC) }

    /// Of this process, all threads, in nanoseconds.
    static var processorTime: Int64 { nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

    static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// The value that a share of all does not exceed.
    static func percentile(_ share: Double, of sorted: [Int64]) -> Int64 {
        sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
    }
}

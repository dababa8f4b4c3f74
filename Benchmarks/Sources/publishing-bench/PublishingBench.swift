import Glibc
import Publishing

// publishing-bench MEASUREMENT NUMBERS...: prints its results, one `name=value` a line. Run by `bench`.
@main
enum PublishingBench {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let numbers = arguments.dropFirst().compactMap(Int.init)
        switch (arguments.first, numbers.count) {
        // Readings in a pack, packs.
        case ("wire", 2): try Wire.measure(readings: numbers[0], packs: numbers[1])
        // The broker's port, milliseconds, messages in flight, bytes of each.
        case ("acked", 4):
            try await Acked.measure(
                port: numbers[0], milliseconds: numbers[1], window: numbers[2], bytes: numbers[3])
        // The broker's port, readings a second, readings.
        case ("latency", 3): try await Latency.publish(port: numbers[0], rate: numbers[1], count: numbers[2])
        // Behind a folder: milliseconds, readings in a batch.
        case ("insert", 2):
            try await Storing.insert(
                folder: arguments.dropFirst().first ?? "", milliseconds: numbers[0], batch: numbers[1])
        // Behind a folder: windows; for the second, the broker's port before.
        case ("windows", 1): try await Storing.windows(folder: arguments.dropFirst().first ?? "", count: numbers[0])
        case ("acknowledged", 2):
            try await Storing.acknowledged(
                folder: arguments.dropFirst().first ?? "", port: numbers[0], count: numbers[1])
        // Behind a folder: readings; or the broker's port.
        case ("fill", 1): try await Backlog.fill(folder: arguments.dropFirst().first ?? "", count: numbers[0])
        case ("drain", 1): try await Backlog.drain(folder: arguments.dropFirst().first ?? "", port: numbers[0])
        default:
            print(
                "usage: publishing-bench wire|acked|latency|insert|windows|acknowledged|fill|drain [FOLDER] NUMBERS...")
            exit(64)
        }
    }

    static func result(_ name: String, _ value: Double) { print("\(name)=\(value)") }

    /// Nanoseconds of a clock.
    static func time(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

import Glibc
import Publishing
import Sensors

// OutboxWriter FOLDER FIRST: stores readings in a folder's outbox, with values from FIRST on, and prints after each batch
// the last value that is stored, a line each; until it is killed, or has stored so many that the outbox stays below its size.
@main
enum OutboxWriter {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let first = Int(arguments[2]) else { exit(64) }
        var options = OutboxOptions(folder: arguments[1])
        options.durability = .every
        // Nobody listens there.
        let publisher = Publisher(to: .mqtt("mqtt://127.0.0.1:1"), device: "fixture", outbox: options)
        var next = first
        while next < first + 10_000 {
            let count = Int.random(in: 1...60)
            try await publisher.store(
                (next..<(next + count)).map {
                    Reading(sensor: "probe-\($0 % 3)", quantity: .temperature, value: .number(Double($0)))
                })
            next += count
            let line = Array("\(next - 1)\n".utf8)
            _ = write(STDOUT_FILENO, line, line.count)
        }
    }
}

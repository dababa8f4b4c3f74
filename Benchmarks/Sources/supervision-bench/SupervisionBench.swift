import Glibc

// supervision-bench MEASUREMENT [NUMBER...]: prints a line `name=value` for each result; Benchmarks/README.md says what is
// measured. The same measurements of OTP's supervisor are in ../../otp/supervision_bench.erl.
@main
enum SupervisionBench {
    /// Of the short measurements, in one process: the first one finds cold caches. Their median is told.
    static let rounds = 5

    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        do {
            switch (arguments.first, numbers.count) {
            case ("restart", 2): try await Restart.measure(children: numbers[0], restarts: numbers[1])
            case ("cell", 1): try await CellRestart.measure(restarts: numbers[0])
            case ("children", 1): try await Children.measure(count: numbers[0])
            case ("fanin", 2): try await FanIn.measure(sensors: numbers[0], readings: numbers[1])
            case ("periodic", 3):
                try await Periodic.measure(children: numbers[0], period: numbers[1], length: numbers[2])
            case ("startstop", 1): try await StartStop.measure(count: numbers[0])
            default: throw Usage()
            }
        } catch {
            let text = "error: \(error)\n"
            write(STDERR_FILENO, text, text.utf8.count)
            exit(1)
        }
    }

    static func print(_ name: String, _ value: Double) {
        Swift.print("\(name)=\(value)")
    }

    private struct Usage: Error, CustomStringConvertible {
        var description: String {
            """
            usage: supervision-bench restart CHILDREN RESTARTS
                                     cell RESTARTS
                                     children COUNT
                                     fanin SENSORS READINGS
                                     periodic CHILDREN PERIOD-MS SECONDS
                                     startstop COUNT
            """
        }
    }
}

import Foundation

/// One boot of the Pi 3's card image in QEMU, with a shell on the board's console that answers questions.
struct EmulatedBoot {
    struct Seen {
        /// Guest seconds from the kernel's start to that of the initramfs' init (its own message).
        var initTime: Double
        /// Guest seconds from the kernel's start to the first acknowledged reading (the app's message).
        var firstReading: Double
        /// VmRSS of the app (proc_pid_status(5)).
        var residentBytes: Double
    }

    /// Twice the longest boot seen on two loaded cores, and the readings.
    private static let limit = Duration.seconds(240)

    private let place: Workplace
    private let readings: Int

    /// - Parameter readings: how many must have come before the app's memory is looked at.
    init(_ place: Workplace, readings: Int) {
        self.place = place
        self.readings = readings
    }

    /// - Throws: what did not appear in time, with the console's last lines; that the app ended.
    func run() throws -> Seen {
        let (input, output, errors) = (try Program.pipe(), try Program.pipe(), try Program.pipe())
        defer { for end in [input.write, output.read, errors.read] { close(end) } }
        let process: pid_t
        do {
            defer { for end in [input.read, output.write, errors.write] { close(end) } }
            process = try Program.start(
                [
                    try place.fwtool, "emulate", place.image("rpi3").path, "--target", "rpi3", "--console", "--set",
                    "console=shell",
                ], streams: [input.read, output.write, errors.write])
        }
        defer {
            // As Ctrl-C does: fwtool ends QEMU and removes the card's copy.
            kill(process, SIGINT)
            _ = Program.wait(process)
        }
        return try watch(input: input.write, readings: output.read, console: errors.read)
    }

    private func watch(input: Int32, readings: Int32, console: Int32) throws -> Seen {
        let deadline = ContinuousClock.now + Self.limit
        var readingLines = PipeLines(readings)
        var consoleLines = PipeLines(console)
        var count = 0
        var tail: [String] = []
        var asked = false
        var (initTime, firstReading, residentBytes): (Double?, Double?, Double?)
        while true {
            let left = deadline - ContinuousClock.now
            guard left > .zero else {
                throw BenchError(
                    "the emulated board gave \(count) readings and no answer within \(Self.limit); its last lines:\n    "
                        + tail.joined(separator: "\n    "))
            }
            var ready = [
                pollfd(fd: readings, events: Int16(POLLIN), revents: 0),
                pollfd(fd: console, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&ready, 2, Int32(left / .milliseconds(1)))
            if ready[0].revents != 0 { count += try readingLines.next().count }
            if ready[1].revents != 0 {
                for line in try consoleLines.next() {
                    tail = tail.suffix(11) + [line]
                    if line.contains("apus-init:"), line.contains("the app ended") {
                        throw BenchError("the app did not keep running: \(line)")
                    }
                    firstReading = firstReading ?? Self.number(#/first reading acknowledged at ([0-9.]+) s/#, in: line)
                    initTime = initTime ?? Self.number(#/\[ *([0-9.]+)\] Run /init as init process/#, in: line)
                    residentBytes = residentBytes ?? Self.number(#/VmRSS:\s*([0-9]+) kB/#, in: line).map { $0 * 1024 }
                }
            }
            if let initTime, let firstReading, let residentBytes {
                return Seen(initTime: initTime, firstReading: firstReading, residentBytes: residentBytes)
            }
            if !asked, firstReading != nil, count >= self.readings {
                asked = true
                let question = "dmesg | grep 'Run /init as'; grep VmRSS /proc/$(pidof WeatherStation)/status\n"
                guard write(input, question, question.utf8.count) == question.utf8.count else {
                    throw BenchError("the emulated board's console takes no input")
                }
            }
        }
    }

    private static func number(_ pattern: Regex<(Substring, Substring)>, in line: String) -> Double? {
        (try? pattern.firstMatch(in: line)).flatMap { Double($0.1) }
    }
}

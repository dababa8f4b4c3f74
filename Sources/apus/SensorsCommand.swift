internal import CLinux
internal import Glibc
internal import Monitoring

extension Command {
    static let sensors = Command(
        name: "sensors", summary: "show the app's sensors and their last readings", argument: nil,
        options: [
            Option(name: "--once", value: nil, help: "show it once, also on a terminal"),
            Option(name: "--socket", value: "PATH", help: "the app's socket; default: \(SensorStream.devicePath)"),
            Option(name: "--json", value: nil, help: "print a line of JSON each second, with --once only one"),
        ],
        discussion: """
            On a terminal the table is drawn anew each second until Ctrl-C, else it is shown once. For each sensor: how it is
            in the app's tree of children, the last value of each quantity with its unit and age, how many measurements it made,
            how many samples it missed because one took too long, and how often it failed; of one that does not run, why; of one
            that lost events, such as edges that came too fast, how many. Below, the I2C buses that hang.

            A sensor in a cell, a process of its own, counts there: it shows a dash. The values are those that left the cell.
            """,
        examples: [
            ("apus sensors", "a live table"), ("apus sensors --json --once", "one look, for programs"),
            ("APUS_SENSORS=/tmp/s swift run & apus sensors --socket /tmp/s", "an app on a laptop"),
        ],
        run: { arguments in try showSensors(arguments) })

    private static func showSensors(_ arguments: Arguments) throws {
        let stream = try SensorStream(path: arguments["--socket"] ?? SensorStream.devicePath)
        let isJSON = arguments.has("--json")
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let isOnce = arguments.has("--once") || (!isJSON && !isTerminal)
        repeat {
            guard let line = try stream.nextLine() else { throw SensorsEnded() }
            let report = try SensorReport(parsing: line)
            if isJSON {
                // Not what was received: that could drive the terminal, or be of another version.
                Output.write(String(decoding: report.line, as: UTF8.self) + "\n", to: STDOUT_FILENO)
            } else if isOnce {
                for line in SensorTable.lines(report) { Output.line(line) }
            } else {
                Output.write(screen(report), to: STDOUT_FILENO)
            }
        } while !isOnce
    }

    /// The table, over what stood on the terminal before.
    private static func screen(_ report: SensorReport) -> String {
        // A VT100's size, for a terminal on a serial line, which does not tell its own.
        var (columns, rows): (Int32, Int32) = (80, 24)
        linux_terminal_size(STDOUT_FILENO, &columns, &rows)
        return SensorTable.screen(SensorTable.lines(report), columns: Int(columns), rows: Int(rows))
    }
}

private struct SensorsEnded: Error, CustomStringConvertible {
    var description: String { "the app has ended, or shows its sensors to enough others" }
}

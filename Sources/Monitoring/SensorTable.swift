/// Sensors as a table for people.
public enum SensorTable {
    private static let heads = ["SENSOR", "STATE", "QUANTITY", "VALUE", "UNIT", "AGE", "SAMPLES", "MISSED", "ERRORS"]

    /// Columns that are set flush right.
    private static let numeric: Set<Int> = [3, 5, 6, 7, 8]

    /// - Parameters:
    ///   - report: what to show.
    ///   - width: of the terminal, where lines are cut; nil for none.
    /// - Returns: the lines: the heads, then for each sensor a line for each quantity, one with its error while it does
    ///   not run, and one with what it lost; last a line for each bus that hangs. Nothing in them drives a terminal.
    public static func lines(_ report: SensorReport, width: Int? = nil) -> [String] {
        let rows = report.sensors.flatMap(rows)
        let cells = [heads] + rows.compactMap { if case .cells(let cells) = $0 { cells } else { nil } }
        let widths = heads.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        var lines = [line(heads, widths)]
        for row in rows {
            switch row {
            case .cells(let cells): lines.append(line(cells, widths))
            case .remark(let text): lines.append("  " + text)
            }
        }
        if report.sensors.isEmpty { lines = ["the app has no sensors"] }
        for bus in report.buses where bus.isHung {
            lines.append(
                "\(printable(bus.name)) hangs, \(bus.timeouts) transfers timed out: a device holds its clock or data "
                    + "line")
        }
        return width.map { width in lines.map { String($0.prefix(max(width, 1))) } } ?? lines
    }

    /// What a VT100 and its successors draw, over what stood there before.
    /// - Parameters:
    ///   - lines: further ones than fit are left out, but for a last line that tells of them.
    ///   - columns: the terminal's.
    ///   - rows: the terminal's.
    public static func screen(_ lines: [String], columns: Int, rows: Int) -> String {
        let room = max(rows, 2) - 1
        var shown = lines
        if lines.count > room { shown = lines.prefix(room - 1) + ["... \(lines.count - room + 1) more lines"] }
        // Home; each line and then nothing; nothing below. Not all at first, which flickers.
        return "\u{1B}[H" + shown.map { "\($0.prefix(max(columns, 1)))\u{1B}[K\r\n" }.joined() + "\u{1B}[J"
    }

    private enum Row {
        case cells([String])
        case remark(String)
    }

    private static func rows(of sensor: SensorStatus) -> [Row] {
        let counts = sensor.counts
        func number(_ value: Int?) -> String { value.map(String.init) ?? "-" }
        let totals = [number(counts?.measurements), number(counts?.missed), number(counts?.errors)]
        var rows: [Row] = []
        for (index, value) in sensor.values.enumerated() {
            let isFirst = index == 0
            rows.append(
                .cells(
                    [isFirst ? printable(sensor.id) : "", isFirst ? state(sensor) : "", printable(value.quantity)]
                        + [text(value.content), printable(value.unit ?? ""), text(value.age)]
                        + (isFirst ? totals : ["", "", ""])))
        }
        if rows.isEmpty {
            rows.append(.cells([printable(sensor.id), state(sensor), "", "", "", ""] + totals))
        }
        if sensor.state != .running, let error = sensor.lastError { rows.append(.remark(printable(error))) }
        if let lost = counts?.lost, lost > 0 {
            rows.append(.remark("\(lost) events lost: they came faster than they were taken"))
        }
        return rows
    }

    private static func state(_ sensor: SensorStatus) -> String {
        if let delay = sensor.restartsIn {
            // Rounded up: nothing restarts in no time.
            return "restarts in \((delay + .nanoseconds(999_999_999)).components.seconds) s"
        }
        return sensor.state == .unknown ? "in a cell" : sensor.state.rawValue
    }

    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            let space = String(repeating: " ", count: max(0, widths[column] - cell.count))
            line += numeric.contains(column) ? space + cell : cell + space
            line += "  "
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    /// With up to six digits.
    static func text(_ content: SensorStatus.Value.Content) -> String {
        switch content {
        case .bool(let bool): return bool ? "yes" : "no"
        case .number(let number):
            // Outside of that the shortest notation has an exponent.
            guard number.isFinite, number == 0 || (1e-3..<1e15).contains(abs(number)) else { return "\(number)" }
            var scale = 1000.0
            while scale > 1, abs(number) * scale >= 1e6 { scale /= 10 }
            let text = "\((number * scale).rounded() / scale)"
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
    }

    /// As in `0.3 s`, `12 s`, `5 min`, `3 h` or `9 d`.
    static func text(_ age: Duration) -> String {
        let seconds = age.components.seconds
        switch seconds {
        case ..<10: return "\(seconds).\(age.components.attoseconds / 100_000_000_000_000_000) s"
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) d"
        }
    }

    private static func printable(_ text: String) -> String { PrintableText.of(text) }
}

import Foundation

/// The records for people.
enum Table {
    /// One line a record: medians, with the least and the most in brackets where there are several measurements.
    static func text(_ records: [Record]) -> String {
        let rows =
            [["figure", "ours", "peer", "ratio", "must", "unit", "runs", "load"]]
            + records.map { record in
                [
                    record.name, numbers(record.values.map(\.ours), record.unit),
                    record.peer == nil ? "-" : numbers(record.values.compactMap(\.peer), record.unit),
                    record.ratio.map { String(format: "%.2f", $0) } ?? "-", must(record), record.unit.rawValue,
                    "\(record.values.count)", String(format: "%.2f", record.load),
                ]
            }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                // Words to the left, numbers to the right.
                return [0, 4, 5].contains(column) ? cell + space : space + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private static func must(_ record: Record) -> String {
        guard let (bound, isHeld) = record.must else { return "-" }
        let of = bound.of == .ratio ? "ratio" : "ours"
        let bounds = [(">=", bound.atLeast), ("<=", bound.atMost)].compactMap { sign, bound in
            bound.map { "\(sign) \(String(format: "%g", $0))" }
        }
        return "\(of) \(bounds.joined(separator: " ")) \(isHeld ? "held" : "MISSED")"
    }

    private static func numbers(_ values: [Double], _ unit: Record.Unit) -> String {
        let median = number(Record.median(values), unit)
        guard values.count > 1, let least = values.min(), let most = values.max() else { return median }
        return "\(median) (\(number(least, unit))-\(number(most, unit)))"
    }

    private static func number(_ value: Double, _ unit: Record.Unit) -> String {
        switch unit {
        // Small ones are means.
        case .bytes: value < 100 ? String(format: "%.2f", value) : "\(Int(value.rounded()))"
        case .perSecond: "\(Int(value.rounded()))"
        case .seconds, .microseconds: String(format: "%.3f", value)
        case .milliseconds: String(format: "%.2f", value)
        case .one: String(format: "%.6g", value)
        }
    }
}

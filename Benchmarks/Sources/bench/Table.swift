import Foundation

/// The records for people.
enum Table {
    static func text(_ records: [Record]) -> String {
        let rows =
            [["figure", "ours", "peer", "ratio", "unit", "runs", "load"]]
            + records.map { record in
                [
                    record.name, number(record.ours, record.unit), record.peer.map { number($0, record.unit) } ?? "-",
                    record.ratio.map { String(format: "%.2f", $0) } ?? "-", record.unit.rawValue,
                    "\(record.values.count)", String(format: "%.2f", record.load),
                ]
            }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                // Names and units to the left, numbers to the right.
                return [0, 4].contains(column) ? cell + space : space + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private static func number(_ value: Double, _ unit: Record.Unit) -> String {
        switch unit {
        case .bytes: "\(Int(value.rounded()))"
        case .seconds: String(format: "%.3f", value)
        }
    }
}

import CLinux
import Foundation
import Monitoring
import Synchronization

/// What `fwtool simulate` shows: on a terminal the sensors above and the app's log below, else one after the other.
final class SimulationScreen: Sendable {
    private struct State {
        var table: [String] = []
        var log: [String] = []
        var isCleared = false
    }

    /// More than a terminal has.
    private static let logLimit = 500

    private let isTerminal: Bool
    private let showsLog: Bool
    private let state = Mutex(State())

    /// - Parameter showsLog: also where there is no terminal.
    init(isTerminal: Bool, showsLog: Bool) {
        self.isTerminal = isTerminal
        self.showsLog = showsLog
    }

    func show(_ report: SensorReport) {
        let table = SensorTable.lines(report)
        state.withLock { state in
            state.table = table
            if isTerminal { draw(&state) } else { write(table.joined(separator: "\n") + "\n\n") }
        }
    }

    func show(log line: String) {
        state.withLock { state in
            if isTerminal {
                // What is in a log must not drive the terminal.
                state.log.append(PrintableText.of(line))
                state.log.removeFirst(max(state.log.count - Self.logLimit, 0))
                draw(&state)
            } else if showsLog {
                FileHandle.standardError.write(Data((line + "\n").utf8))
            }
        }
    }

    private func draw(_ state: inout State) {
        var (columns, rows): (Int32, Int32) = (80, 24)
        linux_terminal_size(STDOUT_FILENO, &columns, &rows)
        write((state.isCleared ? "" : "\u{1B}[2J") + Self.screen(state.table, state.log, Int(columns), Int(rows)))
        state.isCleared = true
    }

    /// The table, and as much of the log's end as fits below.
    static func screen(_ table: [String], _ log: [String], _ columns: Int, _ rows: Int) -> String {
        let room = max(rows - 2 - table.count, 0)
        let end = log.suffix(room)
        return SensorTable.screen(table + (end.isEmpty ? [] : [""] + end), columns: columns, rows: rows)
    }

    private func write(_ text: String) {
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}

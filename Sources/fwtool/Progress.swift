import Foundation
import Synchronization

/// Tells the user how a step goes that may take longer than a second. Writes to standard error only.
///
/// On a terminal one line, redrawn ten times a second, with a bar and percent where the total is known and a turning
/// sign where not. Elsewhere (a log, a pipe) plain lines: the label, then one for each tenth or, without a total or
/// between slow tenths, every 5 s, and the time taken at the end. A step that ends within a second says nothing.
///
/// May be called from any thread; `update` only stores a number, so it can be called for every block.
final class Progress: Sendable {
    enum Unit: Sendable {
        case bytes
        case items
    }

    enum Style: Sendable {
        case silent
        case plain
        /// Redraws one line of at most so many columns, asked for each time because windows change.
        case terminal(columns: @Sendable () -> Int)
    }

    private struct State {
        var total: (amount: Int64, unit: Unit)?
        var done: Int64 = 0
        var isFinished = false
        /// Whether anything has been written.
        var isShown = false
        var frame = 0
        /// When the last plain line was written, and at which tenth of the total.
        var lastLine: Duration = .zero
        var lastTenth = 0
    }

    /// How long a step may take before it is worth a line.
    private static let patience = Duration.seconds(1)
    /// Most silence between two plain lines.
    private static let plainInterval = Duration.seconds(5)
    /// Fast enough for the eye, slow enough for a serial console.
    private static let redrawInterval = 0.1

    private let label: String
    private let style: Style
    private let now: @Sendable () -> Duration
    private let write: @Sendable (String) -> Void
    private let start: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - label: what is being done, as in "Compressing the root image".
    ///   - quiet: whether to write nothing at all.
    convenience init(_ label: String, quiet: Bool = false) {
        let origin = ContinuousClock.now
        self.init(
            label, style: quiet ? .silent : .ofStandardError, now: { ContinuousClock.now - origin },
            write: { FileHandle.standardError.write(Data($0.utf8)) })
        guard !quiet else { return }
        // A thread, because a step without `update` calls must show its elapsed time too. It ends with the step.
        Thread.detachNewThread { [weak self] in
            repeat { Thread.sleep(forTimeInterval: Self.redrawInterval) } while self?.tick() == true
        }
    }

    /// Without a thread: draws only when ``tick()`` is called.
    ///
    /// - Parameter now: a monotonic clock.
    init(
        _ label: String, style: Style, now: @escaping @Sendable () -> Duration,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.label = label
        self.style = style
        self.now = now
        self.write = write
        start = now()
    }

    /// Names the amount that makes 100 percent; an amount below 1 means that it is not known.
    func setTotal(_ amount: Int64, unit: Unit) {
        state.withLock { $0.total = amount > 0 ? (amount, unit) : nil }
    }

    /// - Parameter done: the amount done since the start, not since the last call.
    func update(_ done: Int64) {
        state.withLock { $0.done = done }
    }

    /// Writes the last line, at the percentage reached. Calls after the first do nothing.
    func finish() {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            guard state.isShown else { return }
            let elapsed = now() - start
            switch style {
            case .silent: break
            case .plain: write("\(label): \(amounts(state, elapsed) + Self.text(elapsed))\n")
            case .terminal(let columns):
                write("\r\(line(state, elapsed, sign: "", columns: columns()))\u{1B}[K\n")
            }
        }
    }

    /// Draws what is due; false once the step has ended.
    @discardableResult
    func tick() -> Bool {
        state.withLock { state in
            guard !state.isFinished else { return false }
            let elapsed = now() - start
            guard elapsed >= Self.patience else { return true }
            switch style {
            case .silent: break
            case .plain: writePlainLine(&state, elapsed)
            case .terminal(let columns):
                let signs = ["|", "/", "-", "\\"]
                state.frame = (state.frame + 1) % signs.count
                write("\r\(line(state, elapsed, sign: signs[state.frame], columns: columns()))\u{1B}[K")
                state.isShown = true
            }
            return true
        }
    }

    private func writePlainLine(_ state: inout State, _ elapsed: Duration) {
        // The last tenth is left to `finish`.
        let tenth = min(9, state.total.map { Int(Self.fraction(state.done, of: $0.amount) * 10) } ?? 0)
        if !state.isShown {
            write("\(label)\n")
            state.isShown = true
        } else if tenth > state.lastTenth || elapsed - state.lastLine >= Self.plainInterval {
            write("\(label): \(amounts(state, elapsed) + Self.text(elapsed))\n")
        } else {
            return
        }
        state.lastLine = elapsed
        state.lastTenth = max(tenth, state.lastTenth)
    }

    /// The line of a terminal, never so long that it would wrap: a wrapped line cannot be redrawn.
    private func line(_ state: State, _ elapsed: Duration, sign: String, columns: Int) -> String {
        var bar = sign.isEmpty ? "" : "\(sign)  "
        if let total = state.total {
            let width = 20
            let filled = Int(Self.fraction(state.done, of: total.amount) * Double(width))
            bar =
                "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled) + "]  "
        }
        return String("\(label)  \(bar)\(amounts(state, elapsed))\(Self.text(elapsed))".prefix(max(0, columns - 1)))
    }

    /// Percent, and for bytes the amounts and the mean rate; empty without a total.
    private func amounts(_ state: State, _ elapsed: Duration) -> String {
        guard let (amount, unit) = state.total else { return "" }
        let percent = "\(Int(Self.fraction(state.done, of: amount) * 100)) %"
        switch unit {
        case .items: return "\(percent)  \(state.done) of \(amount)  "
        case .bytes:
            let rate = Double(state.done) / max(0.001, elapsed / .seconds(1))
            return "\(percent)  \(Self.megabytes(Double(state.done))) of \(Self.megabytes(Double(amount))) MB  "
                + "\(Self.megabytes(rate)) MB/s  "
        }
    }

    /// 0...1, whatever the numbers.
    private static func fraction(_ done: Int64, of total: Int64) -> Double {
        min(1, max(0, Double(done) / Double(total)))
    }

    private static func megabytes(_ bytes: Double) -> String {
        String(format: "%.1f", bytes / 1e6)
    }

    private static func text(_ elapsed: Duration) -> String {
        let seconds = elapsed.components.seconds
        return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
    }
}

extension Progress.Style {
    /// What suits the standard error of this process.
    fileprivate static var ofStandardError: Progress.Style {
        guard isatty(STDERR_FILENO) == 1, ProcessInfo.processInfo.environment["TERM"] != "dumb" else { return .plain }
        return .terminal(columns: {
            var size = winsize()
            // 80 where the terminal does not say, a serial line for example.
            return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
        })
    }
}

import Foundation
import Synchronization
import Testing

@testable import fwtool

struct ProgressTests {
    /// What a step shows, under a clock that stands still until it is moved.
    private final class Stage: Sendable {
        private let state = Mutex((time: Duration.zero, text: ""))
        let style: fwtool.Progress.Style

        init(_ style: fwtool.Progress.Style) { self.style = style }

        func step(_ label: String) -> fwtool.Progress {
            fwtool.Progress(
                label, style: style, now: { self.state.withLock { $0.time } },
                write: { text in self.state.withLock { $0.text += text } })
        }

        func advance(_ duration: Duration) { state.withLock { $0.time += duration } }

        /// What was written since the last call.
        func taken() -> String {
            state.withLock { state in
                defer { state.text = "" }
                return state.text
            }
        }
    }

    private static let wide = fwtool.Progress.Style.terminal(columns: { 200 })

    @Test(arguments: [wide, .plain, .silent])
    func saysNothingAboutWhatTakesNoTime(style: fwtool.Progress.Style) {
        let stage = Stage(style)
        let progress = stage.step("Packing")
        progress.setTotal(10, unit: .items)
        stage.advance(.milliseconds(999))
        progress.update(10)
        progress.tick()
        progress.finish()
        #expect(stage.taken() == "")
    }

    @Test func terminalShowsBytesOnOneLine() {
        let stage = Stage(Self.wide)
        let progress = stage.step("Packing")
        progress.setTotal(200_000_000, unit: .bytes)
        stage.advance(.seconds(4))
        progress.update(50_000_000)
        progress.tick()
        #expect(
            stage.taken()
                == "\rPacking  [#####---------------]  25 %  50.0 of 200.0 MB  12.5 MB/s  4 s\u{1B}[K")
        stage.advance(.seconds(61))
        progress.update(200_000_000)
        progress.finish()
        #expect(
            stage.taken()
                == "\rPacking  [####################]  100 %  200.0 of 200.0 MB  3.1 MB/s  1 min 5 s\u{1B}[K\n")
    }

    @Test func terminalShowsItems() {
        let stage = Stage(Self.wide)
        let progress = stage.step("Prebuilding")
        progress.setTotal(18, unit: .items)
        progress.update(9)
        stage.advance(.seconds(2))
        progress.tick()
        #expect(stage.taken() == "\rPrebuilding  [##########----------]  50 %  9 of 18  2 s\u{1B}[K")
    }

    @Test func terminalTurnsASignWithoutTotal() {
        let stage = Stage(Self.wide)
        let progress = stage.step("Reading")
        stage.advance(.seconds(1))
        progress.tick()
        progress.tick()
        #expect(stage.taken() == "\rReading  /  1 s\u{1B}[K\rReading  -  1 s\u{1B}[K")
        progress.finish()
        #expect(stage.taken() == "\rReading  1 s\u{1B}[K\n")
    }

    @Test func terminalLineNeverWraps() {
        for columns in [0, 1, 10, 30, 40] {
            let stage = Stage(.terminal(columns: { columns }))
            let progress = stage.step("Downloading 123 packages")
            progress.setTotal(1000, unit: .bytes)
            stage.advance(.seconds(2))
            progress.tick()
            progress.finish()
            for line in stage.taken().split(separator: "\r") {
                let shown = line.replacing("\u{1B}[K", with: "").replacing("\n", with: "")
                #expect(shown.count == max(0, columns - 1))
            }
        }
    }

    @Test func plainWritesALineForEachTenth() {
        let stage = Stage(.plain)
        let progress = stage.step("Packing")
        progress.setTotal(1000, unit: .items)
        stage.advance(.seconds(1))
        progress.tick()
        #expect(stage.taken() == "Packing\n")
        for done in 1...999 {
            progress.update(Int64(done))
            stage.advance(.milliseconds(1))
            progress.tick()
        }
        let lines = stage.taken().split(separator: "\n")
        #expect(lines.map { $0.prefix(13) } == (1...9).map { "Packing: \($0)0 %" })
        progress.update(1000)
        progress.tick()
        progress.finish()
        #expect(stage.taken() == "Packing: 100 %  1000 of 1000  1 s\n")
    }

    @Test func plainSpeaksAtLeastEveryFiveSeconds() {
        let stage = Stage(.plain)
        let progress = stage.step("Reading")
        for _ in 0..<120 {
            stage.advance(.milliseconds(100))
            progress.tick()
        }
        #expect(stage.taken() == "Reading\nReading: 6 s\nReading: 11 s\n")
        progress.finish()
        #expect(stage.taken() == "Reading: 12 s\n")
    }

    @Test func silentWritesNothing() {
        let stage = Stage(.silent)
        let progress = stage.step("Reading")
        stage.advance(.seconds(10))
        progress.tick()
        progress.finish()
        #expect(stage.taken() == "")
    }

    @Test func endsOnceAndAtTheTruePercentage() {
        let stage = Stage(.plain)
        let progress = stage.step("Packing")
        progress.setTotal(10, unit: .items)
        stage.advance(.seconds(1))
        progress.tick()
        progress.update(4)
        progress.finish()
        progress.finish()
        progress.update(10)
        #expect(progress.tick() == false)
        #expect(stage.taken() == "Packing\nPacking: 40 %  4 of 10  1 s\n")
    }

    @Test(
        arguments: [
            (0, 5, ""), (-3, 5, ""), (10, 15, "100 %  15 of 10  "), (10, -5, "0 %  -5 of 10  "),
            (Int64.max, Int64.max, "100 %  \(Int64.max) of \(Int64.max)  "),
        ] as [(Int64, Int64, String)])
    func survivesStrangeNumbers(total: Int64, done: Int64, text: String) {
        let stage = Stage(.plain)
        let progress = stage.step("Packing")
        progress.setTotal(total, unit: .items)
        progress.update(done)
        stage.advance(.seconds(1))
        progress.tick()
        progress.finish()
        #expect(stage.taken() == "Packing\nPacking: \(text)1 s\n")
    }

    @Test func manyThreadsMayReport() async {
        let stage = Stage(.plain)
        let progress = stage.step("Packing")
        progress.setTotal(1000, unit: .items)
        stage.advance(.seconds(1))
        await withTaskGroup(of: Void.self) { group in
            for done in 1...1000 {
                group.addTask {
                    progress.update(Int64(done))
                    progress.tick()
                }
            }
        }
        progress.update(1000)
        progress.finish()
        #expect(stage.taken().hasSuffix("Packing: 100 %  1000 of 1000  1 s\n"))
    }
}

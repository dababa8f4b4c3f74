internal import Glibc
internal import Hardware
internal import JSON

extension Command {
    static let selfTest = Command(
        name: "self-test", summary: "test the buses and lines of this board", argument: nil,
        options: [
            Option(name: "--board", value: "FILE", help: "the board's description; default: \(BusTests.boardFile)"),
            Option(name: "--sysfs", value: "FOLDER", help: "where the kernel shows its devices; default: /sys"),
            .json,
        ],
        discussion: """
            Tests what the board's profile says: that each I2C bus is there and opens, that its adapter can do plain
            transactions, that its lines are idle and who answers on it, that the SPI chip selects and serial ports that
            are there open, and that the GPIO chip has its lines. And what the kernel has: that the searches of 1-Wire
            buses end, that their thermometers measure and say so with right checksums, and that PWM controllers and LEDs
            can be looked at. Each test has \(BusTests.limit) seconds. What somebody uses, and ports that are not there,
            are skipped. I2C devices are asked as by apus i2c scan; nothing else is written to any of them, and no output
            is taken or changed.

            Exit code \(SelfTestFailed.code.rawValue) when a test failed.
            """,
        examples: [("apus self-test", "for people"), ("apus self-test --json", "for programs")],
        run: { arguments in try testBuses(arguments) })

    private static func testBuses(_ arguments: Arguments) throws {
        let file = arguments["--board"] ?? BusTests.boardFile
        let board = Settings.read(file)
        guard !board.isEmpty else { throw NoBoard(file: file) }
        let isJSON = arguments.has("--json")
        var results: [BusTest.Result] = []
        for test in BusTests.all(of: board, SysfsSurvey(root: arguments["--sysfs"] ?? "/sys")) {
            let result = test.run()
            results.append(result)
            if !isJSON { Output.line(text(result)) }
        }
        if isJSON { Output.json(.array(results.map(json))) }
        let failed = results.filter { $0.verdict == .failed }.count
        guard failed == 0 else { throw SelfTestFailed(failed: failed, of: results.count) }
        if !isJSON, results.isEmpty { Output.note("the board's profile has neither buses nor lines") }
    }

    private static func text(_ result: BusTest.Result) -> String {
        // The longest verdict has seven letters, most names fit into twelve.
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        return padded(result.verdict.rawValue, 7) + "  " + padded(Output.printable(result.name), 12) + "  "
            + Output.printable(result.remark)
    }

    private static func json(_ result: BusTest.Result) -> JSON {
        ["name": .string(result.name), "verdict": .string(result.verdict.rawValue), "remark": .string(result.remark)]
    }
}

private struct NoBoard: Error, CustomStringConvertible {
    let file: String

    var description: String { "\(Output.printable(file)) cannot be read, or says nothing of a board" }
}

import Testing

@testable import Monitoring

struct SensorTableTests {
    @Test func showsStatesValuesAgesAndErrors() {
        #expect(
            SensorTable.lines(SensorReportTests.full) == [
                "SENSOR       STATE             QUANTITY     VALUE  UNIT     AGE  SAMPLES  MISSED  ERRORS",
                "bme280-0x76  restarts in 13 s                                          -       -       -",
                "  no device answers at address 0x76 on i2c-1",
                "tmp102-0x48  running           temperature   21.5  Cel    0.3 s        1       2       5",
                "                               alert          yes        66 min",
                "  6 events lost: they came faster than they were taken",
                "/dev/i2c-1 hangs, 12 transfers timed out: a device holds its clock or data line",
            ])
    }

    @Test func saysWhenThereIsNothing() {
        #expect(SensorTable.lines(SensorReport([])) == ["the app has no sensors"])
    }

    @Test func nothingDrivesTheTerminal() {
        var sensor = SensorStatus(id: "a\u{1B}[2J\r\n", state: .restarting)
        sensor.lastError = "\u{1B}]0;x\u{7}\u{9B}2J\nb"
        sensor.values = [.init(quantity: "q\u{1B}", unit: "u\n", content: .bool(false), age: .zero)]
        var bus = BusStatus(name: "/dev/\u{1B}[2J\n")
        bus.isHung = true
        let text = SensorTable.lines(SensorReport([sensor], buses: [bus])).joined()
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
    }

    @Test func linesAreCutAtTheWidth() {
        #expect(SensorTable.lines(SensorReportTests.full, width: 20).allSatisfy { $0.count <= 20 })
        #expect(SensorTable.lines(SensorReportTests.full, width: 0).allSatisfy { $0.count <= 1 })
    }

    @Test func aSensorWhoseSupervisorIsInACellSaysSo() {
        let lines = SensorTable.lines(SensorReport([SensorStatus(id: "a", state: .unknown)]))
        #expect(lines[1] == "a       in a cell                                    -       -       -")
    }

    @Test(arguments: [
        (21.5, "21.5"), (-12.0625, "-12.063"), (0, "0"), (101_325.04, "101325"), (1013.256, "1013.26"), (2e-5, "2e-05"),
        (1e300, "1e+300"), (.nan, "nan"), (-.infinity, "-inf"), (999_999.9, "1000000"), (0.001, "0.001"),
    ])
    func numbersHaveUpToSixDigits(number: Double, text: String) {
        #expect(SensorTable.text(.number(number)) == text)
    }

    @Test(arguments: [
        (Duration.milliseconds(350), "0.3 s"), (.milliseconds(9999), "9.9 s"), (.seconds(10), "10 s"),
        (.seconds(119), "119 s"), (.seconds(120), "2 min"), (.seconds(7200), "2 h"), (.seconds(172_800), "2 d"),
    ])
    func agesAreShort(age: Duration, text: String) {
        #expect(SensorTable.text(age) == text)
    }
}

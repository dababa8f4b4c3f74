import JSON
import Testing

@testable import Monitoring

struct SensorReportTests {
    /// With everything that a report can say.
    static var full: SensorReport {
        var thermometer = SensorStatus(id: "tmp102-0x48", state: .running)
        thermometer.values = [
            .init(quantity: "temperature", unit: "Cel", content: .number(21.5), age: .milliseconds(300)),
            .init(quantity: "alert", unit: nil, content: .bool(true), age: .seconds(4000)),
        ]
        var counts = SensorStatus.Counts()
        (counts.measurements, counts.missed, counts.rejected, counts.heldBack, counts.errors) = (1, 2, 3, 4, 5)
        counts.lost = 6
        thermometer.counts = counts
        thermometer.restarts = 6
        var absent = SensorStatus(id: "bme280-0x76", state: .restarting)
        absent.restartsIn = .milliseconds(12_345)
        absent.lastError = "no device answers at address 0x76 on i2c-1"
        absent.process = 77
        var idle = BusStatus(name: "/dev/i2c-0")
        (idle.transactions, idle.retries, idle.notAcknowledged, idle.otherFailures) = (1, 2, 3, 4)
        var hung = BusStatus(name: "/dev/i2c-1")
        (hung.timeouts, hung.isHung) = (12, true)
        return SensorReport([thermometer, absent], buses: [hung, idle])
    }

    @Test func aLineSaysItAll() throws {
        let line = Self.full.line
        #expect(!line.contains(0x0A))
        #expect(try SensorReport(parsing: line) == Self.full)
        #expect(Self.full.sensors.map(\.id) == ["bme280-0x76", "tmp102-0x48"])
        #expect(Self.full.buses.map(\.name) == ["/dev/i2c-0", "/dev/i2c-1"])
    }

    @Test func anOlderAppTellsOfNoBuses() throws {
        #expect(try SensorReport(parsing: Array(#"{"sensors":[]}"#.utf8)) == SensorReport([]))
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func whatIsNoNumberArrivesAsNone(number: Double) throws {
        var sensor = SensorStatus(id: "a", state: .running)
        sensor.values = [.init(quantity: "q", unit: nil, content: .number(number), age: .zero)]
        let report = try SensorReport(parsing: SensorReport([sensor]).line)
        guard case .number(let arrived)? = report.sensors.first?.values.first?.content else {
            Issue.record("no number")
            return
        }
        #expect(arrived.isNaN)
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{}", #"{"sensors":{}}"#, #"{"sensors":[1]}"#, #"{"sensors":[{}]}"#,
        #"{"sensors":[{"id":"a","state":"dancing","values":[]}]}"#,
        #"{"sensors":[{"id":"a","state":"running","values":[{"quantity":"q","value":"x"}]}]}"#,
        #"{"sensors":[{"id":"a","state":"running","values":[{"quantity":"q"}]}]}"#, "\u{0}\u{1}",
        #"{"sensors":[],"buses":[1]}"#, #"{"sensors":[],"buses":[{"isHung":true}]}"#,
    ])
    func refusesWhatIsNoReport(text: String) {
        #expect(throws: SensorReportError()) { try SensorReport(parsing: Array(text.utf8)) }
    }

    @Test func everyTruncatedLineIsRefused() {
        let line = Self.full.line
        for length in 0..<line.count {
            #expect(throws: SensorReportError()) { try SensorReport(parsing: Array(line[..<length])) }
        }
    }

    @Test func numbersBeyondReasonAreCut() throws {
        let text = """
            {"sensors":[{"id":"a","state":"running","restartsIn":1e300,"restarts":-9223372036854775808,\
            "process":9223372036854775807,"values":[{"quantity":"q","value":-1e308,"age":-1e308}]}]}
            """
        let sensor = try SensorReport(parsing: Array(text.utf8)).sensors[0]
        #expect(sensor.restartsIn == .seconds(1_000_000_000))
        #expect(sensor.process == .max)
        #expect(sensor.values[0].age == .zero)
        #expect(!SensorTable.lines(SensorReport([sensor])).isEmpty)
    }
}

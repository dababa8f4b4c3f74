import JSON
import Sensors
import Testing

@testable import Publishing

struct SenMLTests {
    /// RFC 8428, section 5.1.3.
    private let measurements = """
        [
          {"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,
           "bu":"%RH","v":20},
          {"u":"lon","v":24.30621},
          {"u":"lat","v":60.07965},
          {"t":60,"v":20.3},
          {"u":"lon","t":60,"v":24.30622},
          {"u":"lat","t":60,"v":60.07965},
          {"t":120,"v":20.7},
          {"u":"lon","t":120,"v":24.30623},
          {"u":"lat","t":120,"v":60.07966},
          {"u":"%EL","t":150,"v":98},
          {"t":180,"v":21.2},
          {"u":"lon","t":180,"v":24.30628},
          {"u":"lat","t":180,"v":60.07967}
        ]
        """

    /// RFC 8428, section 5.1.4: the same, resolved.
    private let resolvedMeasurements = """
        [
          {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067464e+09,"v":20},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067464e+09,"v":24.30621},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067464e+09,"v":60.07965},
          {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067524e+09,"v":20.3},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067524e+09,"v":24.30622},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067524e+09,"v":60.07965},
          {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067584e+09,"v":20.7},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067584e+09,"v":24.30623},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067584e+09,"v":60.07966},
          {"n":"urn:dev:ow:10e2073a01080063","u":"%EL","t":1.320067614e+09,"v":98},
          {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067644e+09,"v":21.2},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067644e+09,"v":24.30628},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067644e+09,"v":60.07967}
        ]
        """

    /// RFC 8428, section 5.1.2, second example.
    private let currents = """
        [
          {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,
           "bu":"A","bver":5,
           "n":"voltage","u":"V","v":120.1},
          {"n":"current","t":-5,"v":1.2},
          {"n":"current","t":-4,"v":1.3},
          {"n":"current","t":-3,"v":1.4},
          {"n":"current","t":-2,"v":1.5},
          {"n":"current","t":-1,"v":1.6},
          {"n":"current","v":1.7}
        ]
        """

    /// RFC 8428, section 5.1.5, without its text and data values, which no reading has.
    private let dataTypes = """
        [
          {"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},
          {"n":"open","vb":false}
        ]
        """

    @Test func theTestsResolverAgreesWithTheRFC() throws {
        #expect(try ResolvedRecord.resolve(measurements) == ResolvedRecord.resolve(resolvedMeasurements))
        let names = try ResolvedRecord.resolve(currents).map(\.name)
        #expect(names.first == "urn:dev:ow:10e2073a0108006:voltage")
        #expect(try ResolvedRecord.resolve(currents).map(\.unit) == ["V", "A", "A", "A", "A", "A", "A"])
    }

    @Test func carriesTheRFCsExamples() throws {
        for example in [measurements, currents, dataTypes] {
            let records = try ResolvedRecord.resolve(example)
            let readings = records.enumerated().map { index, record in
                reading(
                    record.bool.map(Reading.Value.bool) ?? .number(record.number ?? .nan),
                    quantity: Quantity("q\(index % 3)", unit: record.unit),
                    wall: record.time == 0 ? nil : Int64((record.time * 1e6).rounded()) * 1000, sequence: UInt64(index))
            }
            let resolved = try ResolvedRecord.resolve(text(readings))
            #expect(resolved.map(\.unit) == records.map(\.unit))
            #expect(resolved.map(\.time) == records.map(\.time))
            #expect(resolved.map(\.number) == records.map(\.number))
            #expect(resolved.map(\.bool) == records.map(\.bool))
            #expect(resolved.map(\.sequence) == Array(0..<Int64(records.count)))
        }
    }

    @Test func singleReadingHasNoBaseFieldsButTheBoot() throws {
        let one = reading(.number(23.1), wall: 1_320_067_464_000_000_000, sequence: 7)
        let packed = try text([one])
        #expect(
            packed
                == #"[{"bboot":"b1","n":"dev/tmp/temperature","u":"Cel","v":23.1,"t":1320067464,"seq":7}]"#)
    }

    @Test func seriesOfOneSensorNamesItOnce() throws {
        let series = (0..<3).map { index in
            reading(
                .number(21 + Double(index) / 2), wall: 1_700_000_000_250_000_000 + Int64(index) * 1_000_000_000,
                sequence: 100 + UInt64(index))
        }
        let packed = try text(series)
        #expect(
            packed
                == #"[{"bn":"dev/tmp/temperature","bt":1700000000.25,"bu":"Cel","bseq":100,"bboot":"b1","v":21},"#
                + #"{"v":21.5,"t":1,"seq":1},{"v":22,"t":2,"seq":2}]"#)
    }

    @Test func quantitiesOfOneSensorShareItsName() throws {
        let pair = [
            reading(.number(20.5), wall: 1_700_000_000_000_000_000, sequence: 1),
            reading(
                .number(40), quantity: Quantity("humidity", unit: "%RH"), wall: 1_700_000_000_000_000_000, sequence: 2),
        ]
        let packed = try text(pair)
        #expect(
            packed
                == #"[{"bn":"dev/tmp/","bt":1700000000,"bseq":1,"bboot":"b1","n":"temperature","u":"Cel","v":20.5},"#
                + #"{"n":"humidity","u":"%RH","v":40,"seq":1}]"#)
    }

    @Test func truthValuesHaveNoUnit() throws {
        let mixed = [
            reading(.number(20), wall: 1_700_000_000_000_000_000, sequence: 1),
            reading(.bool(true), sensor: "button", quantity: .pressed, wall: 1_700_000_000_000_001_000, sequence: 2),
        ]
        let packed = try text(mixed)
        #expect(
            packed
                == #"[{"bn":"dev/","bt":1700000000,"bseq":1,"bboot":"b1","n":"tmp/temperature","u":"Cel","v":20},"#
                + #"{"n":"button/pressed","vb":true,"t":1e-06,"seq":1}]"#)
    }

    @Test func unsynchronisedTimesAreRelativeToTheSending() throws {
        let readings = [
            reading(.number(1), monotonic: 5_000_000_000, sequence: 1),
            reading(.number(2), monotonic: 9_500_000_000, sequence: 2),
            reading(.number(3), monotonic: 10_000_000_000, sequence: 3),
        ]
        let times = try ResolvedRecord.resolve(text(readings, now: 10_000_000_000)).map(\.time)
        #expect(times == [-5, -0.5, 0])
        #expect(try ResolvedRecord.resolve(text([readings[0]], now: 10_000_000_000)).map(\.time) == [-5])
    }

    @Test func timesThatCannotBeAreNow() throws {
        let future = reading(.number(1), monotonic: .max, sequence: 1)
        #expect(try ResolvedRecord.resolve(text([future], now: 0)).map(\.time) == [0])
        let past = reading(.number(1), monotonic: 0, sequence: 1)
        #expect(try ResolvedRecord.resolve(text([past], now: .max)).map(\.time) == [-Double(UInt64.max / 1000) / 1e6])
    }

    @Test func wallTimesBeforeTheRFCsAbsoluteRangeAreRelative() throws {
        // A clock that claims 1970 would be taken for "seconds from now".
        let reading = reading(.number(1), wall: ((1 << 28) - 1) * 1_000_000_000, monotonic: 3_000_000_000, sequence: 1)
        #expect(try ResolvedRecord.resolve(text([reading], now: 4_000_000_000)).map(\.time) == [-1])
    }

    @Test func packsAreOfOneClockAndOneBoot() {
        let absolute = reading(.number(1), wall: 1_700_000_000_000_000_000, sequence: 1)
        let relative = reading(.number(1), sequence: 2)
        var otherBoot = relative
        otherBoot = Reading(
            sensor: otherBoot.sensor, quantity: otherBoot.quantity, value: otherBoot.value, wallTime: nil,
            monotonicTime: 0, bootID: "b2", sequence: 3)
        #expect(SenML.canShareAPack(relative, relative) && SenML.canShareAPack(absolute, absolute))
        #expect(!SenML.canShareAPack(absolute, relative) && !SenML.canShareAPack(relative, otherBoot))
    }

    @Test func sequencesOutOfOrderAndHugeOnesSurvive() throws {
        let sequences: [UInt64] = [500, 499, 501, (1 << 53) - 1]
        let readings = sequences.map { reading(.bool(true), wall: 1_700_000_000_000_000_000, sequence: $0) }
        #expect(try ResolvedRecord.resolve(text(readings)).map { UInt64($0.sequence) } == sequences)
    }

    @Test func namesAreMadeLegal() throws {
        let odd = reading(.bool(true), sensor: "büro #1\n", quantity: Quantity("a b", unit: nil), sequence: 1)
        #expect(try ResolvedRecord.resolve(text([odd])).map(\.name) == ["dev/b__ro__1_/a_b"])
    }

    @Test(arguments: [0, -0.0, 1e-7, -273.15, 1e15, 0x1p53, 1e300, 0x1p-1074, -1.7976931348623157e308, 0.1 + 0.2])
    func numbersSurviveExactly(_ value: Double) throws {
        #expect(try ResolvedRecord.resolve(text([reading(.number(value), sequence: 1)])).map(\.number) == [value])
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity]) func refusesWhatHasNoNotation(_ value: Double) {
        #expect(throws: JSONNotFiniteError.self) { try text([reading(.number(value), sequence: 1)]) }
    }

    @Test func emptyPackIsStillAPack() throws {
        #expect(try text([]) == "[]")
    }

    private func reading(
        _ value: Reading.Value, sensor: String = "tmp", quantity: Quantity = .temperature, wall: Int64? = nil,
        monotonic: UInt64 = 0, sequence: UInt64
    ) -> Reading {
        Reading(
            sensor: sensor, quantity: quantity, value: value, wallTime: wall, monotonicTime: monotonic, bootID: "b1",
            sequence: sequence)
    }

    private func text(_ readings: [Reading], now: UInt64 = 0) throws -> String {
        String(decoding: try SenML.pack(readings, device: "dev", now: now), as: UTF8.self)
    }
}

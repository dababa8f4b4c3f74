import JSON
import Sensors
import Testing

@testable import Publishing

struct SenMLTests {
    /// RFC 8428, section 5.1.1.
    private let single = """
        [
          {"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}
        ]
        """

    /// RFC 8428, section 5.1.2, first example.
    private let pair = """
        [
          {"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},
          {"n":"current","u":"A","v":1.2}
        ]
        """

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

    /// RFC 8428, section 5.1.6.
    private let collection = """
        [
          {"bn":"2001:db8::2/","bt":1.320078429e+09,
           "n":"temperature","u":"Cel","v":25.2},
          {"n":"humidity","u":"%RH","v":30},
          {"bn":"2001:db8::1/","n":"temperature","u":"Cel","v":12.3},
          {"n":"humidity","u":"%RH","v":67}
        ]
        """

    /// RFC 8428, section 5.1.7, first and last example: they set what a sensor would show.
    private let thermostat = """
        [
          {"bn":"urn:dev:ow:10e2073a01080063:"},
          {"n":"temp","u":"Cel","v":23.1},
          {"n":"heat","u":"/","v":1},
          {"n":"fan","u":"/","v":0}
        ]
        """
    private let lights = """
        [
          {"bt":1.320078429e+09,"bu":"/","n":"2001:db8::3","v":0.5},
          {"n":"2001:db8::4","v":0.5},
          {"n":"2001:db8::3","t":0.1,"v":0},
          {"n":"2001:db8::4","t":0.1,"v":0}
        ]
        """

    /// RFC 8428, section 6: the CBOR form of the second example of section 5.1.2.
    private let binaryCurrents: [UInt8] = [
        0x87, 0xa7, 0x21, 0x78, 0x1b, 0x75, 0x72, 0x6e, 0x3a, 0x64, 0x65, 0x76, 0x3a, 0x6f, 0x77, 0x3a,
        0x31, 0x30, 0x65, 0x32, 0x30, 0x37, 0x33, 0x61, 0x30, 0x31, 0x30, 0x38, 0x30, 0x30, 0x36, 0x3a,
        0x22, 0xfb, 0x41, 0xd3, 0x03, 0xa1, 0x5b, 0x00, 0x10, 0x62, 0x23, 0x61, 0x41, 0x20, 0x05, 0x00,
        0x67, 0x76, 0x6f, 0x6c, 0x74, 0x61, 0x67, 0x65, 0x01, 0x61, 0x56, 0x02, 0xfb, 0x40, 0x5e, 0x06,
        0x66, 0x66, 0x66, 0x66, 0x66, 0xa3, 0x00, 0x67, 0x63, 0x75, 0x72, 0x72, 0x65, 0x6e, 0x74, 0x06,
        0x24, 0x02, 0xfb, 0x3f, 0xf3, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0xa3, 0x00, 0x67, 0x63, 0x75,
        0x72, 0x72, 0x65, 0x6e, 0x74, 0x06, 0x23, 0x02, 0xfb, 0x3f, 0xf4, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
        0xcd, 0xa3, 0x00, 0x67, 0x63, 0x75, 0x72, 0x72, 0x65, 0x6e, 0x74, 0x06, 0x22, 0x02, 0xfb, 0x3f,
        0xf6, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xa3, 0x00, 0x67, 0x63, 0x75, 0x72, 0x72, 0x65, 0x6e,
        0x74, 0x06, 0x21, 0x02, 0xf9, 0x3e, 0x00, 0xa3, 0x00, 0x67, 0x63, 0x75, 0x72, 0x72, 0x65, 0x6e,
        0x74, 0x06, 0x20, 0x02, 0xfb, 0x3f, 0xf9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a, 0xa3, 0x00, 0x67,
        0x63, 0x75, 0x72, 0x72, 0x65, 0x6e, 0x74, 0x06, 0x00, 0x02, 0xfb, 0x3f, 0xfb, 0x33, 0x33, 0x33,
        0x33, 0x33, 0x33,
    ]

    @Test func theTestsResolverAgreesWithTheRFC() throws {
        func values(_ pack: String) throws -> [String] {
            try ResolvedRecord.resolve(pack).map { "\($0.name) \($0.unit ?? "") \($0.time) \($0.number ?? .nan)" }
        }
        #expect(try values(measurements) == values(resolvedMeasurements))
        let names = try ResolvedRecord.resolve(currents).map(\.name)
        #expect(names.first == "urn:dev:ow:10e2073a0108006:voltage")
        #expect(try ResolvedRecord.resolve(currents).map(\.unit) == ["V", "A", "A", "A", "A", "A", "A"])
        // Of these the RFC has no resolved form. Without a time they are of now, which is 0.
        #expect(try values(single) == ["urn:dev:ow:10e2073a01080063 Cel 0.0 23.1"])
        #expect(
            try values(pair) == [
                "urn:dev:ow:10e2073a01080063:voltage V 0.0 120.1", "urn:dev:ow:10e2073a01080063:current A 0.0 1.2",
            ])
        // "The last record would use the Base Name from the 3rd record but the Base Time from the first record."
        #expect(
            try values(collection) == [
                "2001:db8::2/temperature Cel 1320078429.0 25.2", "2001:db8::2/humidity %RH 1320078429.0 30.0",
                "2001:db8::1/temperature Cel 1320078429.0 12.3", "2001:db8::1/humidity %RH 1320078429.0 67.0",
            ])
        #expect(
            try values(thermostat) == [
                "urn:dev:ow:10e2073a01080063:temp Cel 0.0 23.1", "urn:dev:ow:10e2073a01080063:heat / 0.0 1.0",
                "urn:dev:ow:10e2073a01080063:fan / 0.0 0.0",
            ])
        #expect(
            try values(lights) == [
                "2001:db8::3 / 1320078429.0 0.5", "2001:db8::4 / 1320078429.0 0.5",
                "2001:db8::3 / 1320078429.1 0.0", "2001:db8::4 / 1320078429.1 0.0",
            ])
    }

    @Test func theTestsDecoderAgreesWithTheRFC() throws {
        #expect(try ResolvedRecord.resolve(binaryCurrents, .cbor).records == ResolvedRecord.resolve(currents))
        for count in 0..<binaryCurrents.count {
            #expect(throws: CBORDecoder.Malformed.self) { try CBORDecoder.decode(Array(binaryCurrents[..<count])) }
        }
    }

    @Test(arguments: SenMLFormat.allCases) func carriesTheRFCsExamples(_ format: SenMLFormat) throws {
        // Where our names have a slash the RFC's have a colon, or a slash as well.
        func parts(_ name: String) -> [String] {
            name.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "/" }.map(String.init)
        }
        for example in [single, pair, measurements, currents, dataTypes, collection, thermostat, lights] {
            let records = try ResolvedRecord.resolve(example)
            // The last part of a name is the quantity, the one before it the sensor, and the others are the device, one
            // in the whole example.
            let device = try #require(records.first.map { parts($0.name).dropLast(2).joined(separator: ":") })
            let readings = records.enumerated().map { index, record in
                let names = parts(record.name).suffix(2)
                return reading(
                    record.bool.map(Reading.Value.bool) ?? .number(record.number ?? .nan), sensor: names.first ?? "",
                    quantity: Quantity(names.last ?? "", unit: record.unit),
                    wall: record.time == 0 ? nil : Int64((record.time * 1e6).rounded()) * 1000, sequence: UInt64(index))
            }
            let resolved = try resolve(readings, format, device: device)
            #expect(resolved.map { parts($0.name) } == records.map { parts($0.name) })
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
                == #"[{"bn":"dev/tmp/temperature","bt":1700000000.25,"bseq":100,"bboot":"b1","bu":"Cel","v":21},"#
                + #"{"v":21.5,"t":1},{"v":22,"t":2}]"#)
    }

    @Test func seriesInCBOR() throws {
        let series = (0..<3).map { index in
            reading(
                .number([21.37, -0.5, 1e300][index]), wall: 1_700_000_000_000_000_000 + Int64(index) * 100_001_000,
                sequence: [100, 101, 99][index])
        }
        let packed = try SenML.pack(series, device: "dev", present: .init(monotonicTime: 0), as: .cbor)
        let expected: [[UInt8]] = [
            [0x83, 0xA6, 0x21, 0x73], Array("dev/tmp/temperature".utf8),  // array of 3, map of 6, bn
            [0x22, 0x1A, 0x65, 0x53, 0xF1, 0x00],  // bt: an integer
            [0x64], Array("bseq".utf8), [0x18, 100], [0x65], Array("bboot".utf8), [0x62], Array("b1".utf8),
            [0x23, 0x63], Array("Cel".utf8),  // bu
            [0x02, 0xC4, 0x82, 0x21, 0x19, 0x08, 0x59],  // v: 2137 and two decimals
            [0xA2, 0x02, 0xF9, 0xB8, 0x00],  // v: half precision
            [0x06, 0xC4, 0x82, 0x25, 0x1A, 0x00, 0x01, 0x86, 0xA1],  // t: microseconds
            [0xA3, 0x02, 0xFB, 0x7E, 0x37, 0xE4, 0x3C, 0x88, 0x00, 0x75, 0x9C],  // v: double precision
            [0x06, 0xC4, 0x82, 0x25, 0x1A, 0x00, 0x03, 0x0D, 0x42, 0x63], Array("seq".utf8), [0x20],
        ]
        #expect(packed == Array(expected.joined()))
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
                + #"{"n":"humidity","u":"%RH","v":40}]"#)
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
                + #"{"n":"button/pressed","vb":true,"t":0.000001}]"#)
    }

    @Test func readingsOfSeveralSensorsStandTogether() throws {
        let readings = (0..<9).map { index in
            let start: Int64 = 1_700_000_000_000_000_000
            return index % 3 == 1
                ? reading(.bool(index == 4), sensor: "b", quantity: .pressed, wall: start, sequence: UInt64(index) + 5)
                : reading(.number(Double(index)), sensor: "t\(index % 3)", wall: start, sequence: UInt64(index) + 5)
        }
        let packed = try text(readings)
        #expect(
            packed
                == #"[{"bn":"dev/b/pressed","bt":1700000000,"bseq":5,"bboot":"b1","bstep":3,"vb":false,"seq":1},"#
                + #"{"vb":true},{"vb":false},"#
                + #"{"bn":"dev/t0/temperature","bu":"Cel","v":0,"seq":0},{"v":3},{"v":6},"#
                + #"{"bn":"dev/t2/temperature","v":2,"seq":2},{"v":5},{"v":8}]"#,
            "sensors without a unit come before the base unit, which cannot be taken back")
    }

    /// Every mixture of sensors, quantities, units, numbers and times comes out as it went in.
    @Test(arguments: SenMLFormat.allCases) func mixturesSurvive(_ format: SenMLFormat) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed)
        let quantities = [Quantity.temperature, .pressed, Quantity("humidity", unit: "%RH"), Quantity("x", unit: nil)]
        for round in 0..<500 {
            var sequence = UInt64.random(in: 0..<1 << 50, using: &random)
            let sensors = Int.random(in: 1...5, using: &random)
            let isAbsolute = Bool.random(using: &random)
            let readings = (0..<Int.random(in: 1...40, using: &random)).map { index in
                sequence += UInt64.random(in: 1...20, using: &random) == 1 ? 1000 : 1
                let value: Double =
                    switch Int.random(in: 0..<5, using: &random) {
                    case 0: Double(Int.random(in: -5000...5000, using: &random)) / 100
                    case 1: Double(bitPattern: UInt64.random(in: 0...0x7FEF_FFFF_FFFF_FFFF, using: &random))
                    case 2: Double(Int.random(in: -100...100, using: &random)) / 16
                    case 3: Double.random(in: -1e-5...1e5, using: &random)
                    default: Double(Int.random(in: -1 << 52...1 << 52, using: &random))
                    }
                return reading(
                    Bool.random(using: &random) ? .number(value) : .bool(Bool.random(using: &random)),
                    sensor: "s\(index * 7 % sensors)", quantity: quantities.randomElement(using: &random) ?? .level,
                    wall: isAbsolute ? 1_700_000_000_000_000_000 + .random(in: 0...1 << 40, using: &random) : nil,
                    monotonic: .random(in: 0...1 << 40, using: &random), sequence: sequence)
            }
            let resolved = try resolve(readings, format, now: 1 << 40).sorted { $0.sequence < $1.sequence }
            try #require(
                resolved.map(\.sequence) == readings.map { Int64($0.sequence) }, "seed \(seed), round \(round)")
            for (record, reading) in zip(resolved, readings) {
                let (number, bool): (Double?, Bool?) =
                    switch reading.value {
                    case .number(let value): (value, nil)
                    case .bool(let value): (nil, value)
                    }
                let microseconds =
                    reading.wallTime.map { Double($0 / 1000) } ?? -Double(((1 << 40) - reading.monotonicTime) / 1000)
                try #require(
                    record.name == "dev/\(reading.sensor)/\(reading.quantity.name)"
                        && record.unit == reading.quantity.unit && record.number == number && record.bool == bool
                        && record.boot == "b1" && abs(record.time * 1e6 - microseconds) < 0.5,
                    "seed \(seed), round \(round): \(record) of \(reading)")
            }
            let order = Dictionary(grouping: try resolve(readings, format, now: 1 << 40)) {
                $0.name.split(separator: "/")[1]
            }
            for records in order.values {
                try #require(records.map(\.sequence) == records.map(\.sequence).sorted(), "a sensor's order is kept")
            }
        }
    }

    @Test(arguments: SenMLFormat.allCases) func gapsAreTold(_ format: SenMLFormat) throws {
        let readings = [
            reading(.number(1), wall: 1_700_000_000_000_000_000, sequence: 10),
            reading(.number(2), wall: 1_700_000_001_000_000_000, sequence: 11),
        ]
        let gaps = [
            SenML.Gap(numbers: 5...9, reason: "full", wallTime: 1_700_000_000_500_000_000),
            SenML.Gap(numbers: 12...12, reason: "restart", wallTime: nil),
        ]
        let name = "dev/outbox/gap"
        let expected = [
            ResolvedRecord.Gap(
                name: name, unit: "count", time: 1_700_000_000.5, count: 5, numbers: 5...9, reason: "full"),
            ResolvedRecord.Gap(name: name, unit: "count", time: 0, count: 1, numbers: 12...12, reason: "restart"),
        ]
        let present = SenML.Present(monotonicTime: 0)
        let mixed = try ResolvedRecord.resolve(
            SenML.pack(readings, gaps: gaps, device: "dev", present: present, as: format), format)
        #expect(mixed.gaps == expected && mixed.records.map(\.sequence) == [10, 11])
        #expect(mixed.records.map(\.unit) == ["Cel", "Cel"])
        for count in 1...2 {
            let alone = try ResolvedRecord.resolve(
                SenML.pack([], gaps: Array(gaps.prefix(count)), device: "dev", present: present, as: format), format)
            #expect(alone.gaps == Array(expected.prefix(count)) && alone.records.isEmpty)
        }
    }

    @Test func aGapOfAllNumbersIsCounted() throws {
        let gap = SenML.Gap(numbers: 0...UInt64.max, reason: "a \"quoted\"\nline\u{1}", wallTime: .min)
        let pack = try SenML.pack([], gaps: [gap], device: "dev", present: .init(monotonicTime: .max))
        #expect(
            String(decoding: pack, as: UTF8.self)
                == #"[{"n":"dev/outbox/gap","u":"count","v":1.8446744073709552e+19,"first":0,"last":9223372036854775807,"#
                + #""reason":"a \"quoted\"\u000aline\u0001"}]"#)
    }

    @Test(arguments: SenMLFormat.allCases) func earlierBootsTellTheirUptime(_ format: SenMLFormat) throws {
        let readings = [
            reading(.number(1), monotonic: 90_000_000_000, sequence: 1),
            reading(.number(2), monotonic: 91_500_000_000, sequence: 2),
        ]
        let present = SenML.Present(monotonicTime: 7_000_000_000, bootID: "b2")
        let records = try ResolvedRecord.resolve(
            SenML.pack(readings, device: "dev", present: present, as: format), format
        ).records
        #expect(records.map(\.time) == [-7, -7], "before this boot, nobody knows how long")
        #expect(records.map(\.uptime) == [90, 91.5])
        let known = reading(.number(1), wall: 1_700_000_000_000_000_000, sequence: 1)
        let record = try ResolvedRecord.resolve(
            SenML.pack([known], device: "dev", present: present, as: format), format
        ).records
        #expect(record.map(\.time) == [1_700_000_000] && record.map(\.uptime) == [nil])
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
        let hostile = reading(
            .bool(true), sensor: "\"},{\\\u{0}", quantity: Quantity("", unit: "\"\\\u{1F}€"), sequence: 1)
        for format in SenMLFormat.allCases {
            let records = try resolve([hostile, hostile], format)
            #expect(
                records.map(\.name)
                    == ["dev/______/", "dev/______/"])
            #expect(records.map(\.unit) == ["\"\\\u{1F}€", "\"\\\u{1F}€"])
        }
    }

    @Test(arguments: [
        0, -0.0, 1e-7, 1e-10, -273.15, 1e15, 0x1p53, 1e300, 0x1p-1074, -1.7976931348623157e308, 0.1 + 0.2, 1.0 / 3,
        65504.5, 123_456_789.123_456, 4_294_967.295, 4_294_967.296, -0.01, 5.960464477539063e-08, 0.999_999_999,
        999_999_999_999_999.9, 9_007_199_254_740_994,
    ])
    func numbersSurviveExactly(_ value: Double) throws {
        for format in SenMLFormat.allCases {
            #expect(try resolve([reading(.number(value), sequence: 1)], format).map(\.number) == [value])
            #expect(try resolve([reading(.number(-value), sequence: 1)], format).map(\.number) == [-value])
        }
    }

    @Test func numbersAreAsShortAsTheyCanBe() throws {
        var random = SplitMix(7)
        for _ in 0..<20_000 {
            let value = Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 10_000
            guard value != value.rounded() else { continue }
            let packed = try text([reading(.number(value), sequence: 1)])
            // Swift's description has the fewest digits there can be; only its exponents we write out.
            #expect(value.magnitude < 0.001 || packed.contains("\"v\":\(value),"))
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity]) func refusesWhatHasNoNotation(_ value: Double) {
        #expect(throws: SenML.NotFiniteError.self) { try text([reading(.number(value), sequence: 1)]) }
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
        String(decoding: try SenML.pack(readings, device: "dev", present: .init(monotonicTime: now)), as: UTF8.self)
    }

    private func resolve(
        _ readings: [Reading], _ format: SenMLFormat, device: String = "dev", now: UInt64 = 0
    ) throws -> [ResolvedRecord] {
        try ResolvedRecord.resolve(
            SenML.pack(readings, device: device, present: .init(monotonicTime: now), as: format), format
        ).records
    }
}

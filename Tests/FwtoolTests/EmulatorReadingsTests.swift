import Foundation
import Testing

@testable import fwtool

/// What the emulated board's readings come through: the private broker and the SenML parser.
@Suite struct EmulatorReadingsTests {
    @Test func baseFieldsApplyToAllThatFollow() throws {
        // RFC 8428 section 5.1.2's shape: base name, base time and unit in the first record only.
        let pack = try SenMLPack(
            parsing: """
                [{"bn":"urn:dev:ow:10e2073a01080063:","bt":1320067464.5,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},
                 {"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1},{"n":"door","vb":true,"u":""}]
                """)
        let base = "urn:dev:ow:10e2073a01080063:"
        #expect(pack.records.map(\.name) == [base + "voltage", base + "current", base + "current", base + "door"])
        #expect(
            pack.records.map(\.time) == [
                .absolute(1320067464.5), .absolute(1320067459.5), .absolute(1320067460.5), .absolute(1320067464.5),
            ])
        #expect(pack.records.map(\.unit) == ["V", "A", "A", ""])
        #expect(pack.records.map(\.value) == [.number(120.1), .number(1.2), .number(1), .bool(true)])
    }

    @Test func sequenceNumbersAddToTheirBase() throws {
        let pack = try SenMLPack(
            parsing:
                #"[{"bn":"d/","bseq":7,"bboot":"b1","n":"a","v":1},{"n":"a","v":2,"seq":1},{"bseq":7,"v":3}]"#
        )
        #expect(pack.records.map(\.sequence) == [7, 8, 7])
        #expect(pack.records.map(\.boot) == ["b1", "b1", "b1"])
    }

    @Test func recordsWithoutANumberCountOn() throws {
        let pack = try SenMLPack(
            parsing: #"[{"n":"a","bseq":7,"v":1},{"n":"a","v":2},{"n":"b","bstep":3,"v":3,"seq":2},{"n":"b","v":4}]"#)
        #expect(pack.records.map(\.sequence) == [7, 8, 9, 12])
        #expect(pack.gaps.isEmpty)
    }

    @Test func gapsAreNoReadings() throws {
        let pack = try SenMLPack(
            parsing: #"[{"n":"a","bseq":7,"v":1},{"n":"d/outbox/gap","v":3,"first":4,"last":6,"reason":"full"}]"#)
        #expect(pack.records.count == 1)
        #expect(pack.gaps == [SenMLPack.Gap(numbers: 4...6, reason: "full")])
        #expect {
            try SenMLPack(parsing: #"[{"n":"d/outbox/gap","v":3,"first":6,"last":4}]"#)
        } throws: { "\($0)".contains("this is no gap") }
    }

    @Test func aTimeBelowTwoToThe28CountsFromNow() throws {
        #expect(try SenMLPack(parsing: #"[{"n":"a","v":1}]"#).records.first?.time == .relative(0))
        #expect(try SenMLPack(parsing: #"[{"n":"a","t":-3,"v":1}]"#).records.first?.time == .relative(-3))
        #expect(
            try SenMLPack(parsing: #"[{"n":"a","t":268435456,"v":1}]"#).records.first?.time == .absolute(268_435_456))
    }

    @Test(arguments: ["", "{}", "[1]", "[{\"n\":", "garbage", "[[]]"])
    func whatIsNoSenMLIsRefused(_ text: String) {
        #expect { try SenMLPack(parsing: text) } throws: { "\($0)".contains("this is no SenML") }
    }

    @Test func whatIsPublishedArrives() async throws {
        let target = FileManager.default.temporaryDirectory.appendingPathComponent("broker")
        try await TemporaryFolder.with(beside: target) { folder in
            try await EmulatorBroker.with(in: folder) { broker in
                #expect(broker.urlForGuest == "mqtt://10.0.2.2:\(broker.port)")
                for value in 1...3 {
                    try Command(
                        "mosquitto_pub",
                        [
                            "-p", "\(broker.port)", "-q", "1", "-t", "apus/dev-1/readings", "-m",
                            "[{\"n\":\"a b\",\"v\":\(value)}]",
                        ]
                    ).run()
                }
                for value in 1...3 {
                    let message = try await Deadline.within(.seconds(60), "no message came") {
                        try await broker.nextMessage()
                    }
                    #expect(message.device == "dev-1")
                    #expect(message.payload == "[{\"n\":\"a b\",\"v\":\(value)}]")
                }
            }
        }
    }
}

import Testing

@testable import Sensors

/// Sentences as receivers send them, and everything else.
struct NMEASentenceTests {
    private func sentence(_ text: String) -> NMEASentence? { NMEASentence(Array(text.utf8)) }

    /// With the right checksum.
    private func checked(_ content: String) -> NMEASentence? {
        let sum = content.utf8.reduce(0, ^)
        return sentence("$\(content)*\(String(sum >> 4, radix: 16))\(String(sum & 15, radix: 16))")
    }

    private func values(_ sentence: NMEASentence?) -> [String: Reading.Value] {
        guard let sentence else { return [:] }
        return Dictionary(uniqueKeysWithValues: NMEAGPS.values(sentence).map { ($0.0.name, $0.1) })
    }

    private func number(_ value: Reading.Value?) -> Double {
        if case .number(let number) = value { number } else { .nan }
    }

    // The examples everyone has, with checksums that were not computed here.
    private let recommended = "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A"
    private let fix = "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"

    @Test func recommendedMinimumIsPositionAndMovement() throws {
        let values = values(sentence(recommended))
        #expect(values["fix"] == .bool(true))
        #expect(abs(number(values["latitude"]) - (48 + 7.038 / 60)) < 1e-12)
        #expect(abs(number(values["longitude"]) - (11 + 31.0 / 60)) < 1e-12)
        #expect(values["velocity"] == .number(22.4 * 1852 / 3600))
        #expect(values["course"] == .number(84.4 * .pi / 180))
        #expect(values.count == 5)
    }

    // Of another receiver, with more digits; the checksums are its own.
    @Test func aReceiverWithMoreDigits() {
        let position = values(sentence("$GPRMC,092750.000,A,5321.6802,N,00630.3372,W,0.02,31.66,280511,,,A*43"))
        #expect(abs(number(position["latitude"]) - (53 + 21.6802 / 60)) < 1e-12)
        #expect(abs(number(position["longitude"]) + (6 + 30.3372 / 60)) < 1e-12)
        let fix = sentence("$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,*76")
        #expect(values(fix) == ["satellites": .number(8), "altitude": .number(61.7)])
    }

    @Test func fixDataIsHeightAndQuality() {
        #expect(values(sentence(fix)) == ["satellites": .number(8), "altitude": .number(545.4)])
    }

    @Test func southAndWestAreNegative() {
        let values = values(checked("GNRMC,1,A,3345.5,S,15112.25,W,,,,,,A"))
        #expect(abs(number(values["latitude"]) + (33 + 45.5 / 60)) < 1e-12)
        #expect(abs(number(values["longitude"]) + (151 + 12.25 / 60)) < 1e-12)
        #expect(values["velocity"] == nil && values["course"] == nil)
    }

    @Test(arguments: [
        "GPRMC,1,V,4807.038,N,01131.000,E,1,1,230394,,", "GPRMC,1,V,,,,,,,230394,,", "GPRMC", "GPRMC,",
        "GPRMC,1,A,4807.038,X,01131.000,E", "GPRMC,1,A,4860.000,N,01131.000,E", "GPRMC,1,A,9000.001,N,01131.000,E",
        "GPRMC,1,A,4807.038,N,18000.1,E", "GPRMC,1,A,-4807.038,N,01131.000,E", "GPRMC,1,A,nan,N,01131.000,E",
        "GPRMC,1,A,1e3,N,01131.000,E", "GPRMC,1,A,inf,N,01131.000,E", "GPRMC,1,A,48.07.038,N,01131.000,E",
        "GPRMC,1,A,4807.038,NN,01131.000,E", "GPRMC,1,A,4807.038,N,,E",
        "GPRMC,1,A,99999999999999999999999999999999,N,01131.000,E", "GPRMC,1,A, 4807.038,N,01131.000,E",
    ])
    func whatIsNoPositionIsNoFix(content: String) throws {
        let sentence: NMEASentence = try #require(checked(content))
        #expect(values(sentence) == ["fix": .bool(false)])
    }

    @Test(arguments: [
        "GPGGA,123519,4807.038,N,01131.000,E,0,00,,,M,,M,,", "GPGGA,123519,,,,,,,,,,,,,", "GPGGA", "GPGSV,3,1,11",
        "GPGLL,4916.45,N,12311.12,W,225444,A", "GPGGA,1,2,N,3,E,1,,,5,F",
    ])
    func otherSentencesSayNothingAndAreSentences(content: String) throws {
        let sentence: NMEASentence = try #require(checked(content))
        #expect(values(sentence).isEmpty)
    }

    @Test func thePolesAndTheDateLineArePlaces() {
        let values = values(checked("GPRMC,1,A,9000.000,S,18000.000,W"))
        #expect(values["latitude"] == .number(-90))
        #expect(values["longitude"] == .number(-180))
    }

    @Test func everyDamagedByteIsSeen() {
        let bytes = Array(recommended.utf8)
        for index in bytes.indices {
            for bit in 0..<8 as Range<UInt8> {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                // The checksum's own digits may be written in lower case.
                if index > bytes.count - 2 && bit == 5 { continue }
                #expect(NMEASentence(damaged) == nil, "byte \(index), bit \(bit)")
            }
            #expect(NMEASentence(Array(bytes[..<index])) == nil, "cut at \(index)")
        }
    }

    @Test(arguments: [
        "", "$", "*", "$*", "$*0", "$*00", "$*000", "*00$", "$GPRMC", "$GPRMC*", "GPRMC*4B", "$PUBX,00*33", "$GPRMC*+B",
        "$GPRMC*4B ", "$$$$$*24",
    ])
    func otherLinesAreNone(text: String) {
        #expect(sentence(text) == nil)
    }

    @Test func anyBytesAreReadWithoutATrap() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("$GPRMCA,.0123456789-NSEW*".utf8) + [0x00, 0x80, 0xFF]
        for _ in 0..<20_000 {
            let content = (0..<Int.random(in: 0...90, using: &generator)).map { _ in alphabet.randomElement() ?? 0 }
            let prefix = Bool.random() ? "GPRMC,1,A," : "GPGGA,"
            let all = Array(prefix.utf8) + content
            let sum = all.reduce(0, ^)
            let end = Array("*\(String(sum >> 4, radix: 16))\(String(sum & 15, radix: 16))".utf8)
            guard let sentence = NMEASentence([UInt8(ascii: "$")] + all + end) else { continue }
            for (_, value) in NMEAGPS.values(sentence) {
                if case .number(let number) = value { #expect(number.isFinite) }
            }
        }
    }
}

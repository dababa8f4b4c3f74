import Foundation
import Hardware
import Testing

@testable import Device

struct ConfigurationTests {
    private func parse(_ text: String) throws(ConfigurationError) -> [String: String] {
        try Configuration.parse(Array(text.utf8), file: "f")
    }

    private func withFile<Result>(_ content: [UInt8], _ body: (String) throws -> Result) throws -> Result {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try Data(content).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    @Test func readsPairsCommentsAndBlankLines() throws {
        let text = """
            # what the image was built for
            board=rpi4

              gpio.label = pinctrl-bcm2711\t
            i2c.i2c-1=/dev/i2c-1\r
            empty=
            equation=a=b # not a comment
            """
        #expect(
            try parse(text) == [
                "board": "rpi4", "gpio.label": "pinctrl-bcm2711", "i2c.i2c-1": "/dev/i2c-1", "empty": "",
                "equation": "a=b # not a comment",
            ])
    }

    @Test(arguments: ["", "\n", "\r\n", "#", "   "]) func nothingIsNoPairs(text: String) throws {
        #expect(try parse(text) == [:])
    }

    @Test(arguments: [
        ("board=rpi4\nbroker", "f, line 2: expected key=value"),
        ("=value", "f, line 1: a key is made of letters, digits, '.', '_' and '-'"),
        ("a key=value", "f, line 1: a key is made of letters, digits, '.', '_' and '-'"),
        ("schlüssel=value", "f, line 1: a key is made of letters, digits, '.', '_' and '-'"),
        ("a=1\nb=2\n\na=3", "f, line 4: a is set on line 1 already"),
        ("a=\u{0}", "f, line 1: the value is not plain UTF-8 text"),
        ("a=1\rb=2", "f, line 1: the value is not plain UTF-8 text"),
    ]) func refusesWhatItCannotRead(text: String, message: String) {
        let error = #expect(throws: ConfigurationError.self) { try parse(text) }
        #expect(error?.description == message)
    }

    @Test func refusesBytesThatAreNoText() {
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.parse(Array("a=".utf8) + [0xC3, 0x28], file: "f")
        }
        #expect(error?.description == "f, line 1: the value is not plain UTF-8 text")
    }

    @Test func anyBytesGiveAnAnswer() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...64)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = try? Configuration.parse(bytes, file: "f")
        }
    }

    @Test func laterFilesWinAndTheEnvironmentWinsOverAll() throws {
        var configuration = Configuration()
        try withFile(Array("broker=mqtt://image\nled.line=GPIO27\n".utf8)) { try configuration.merge(file: $0) }
        try withFile(Array("broker=mqtt://card\ndevice=shed\n".utf8)) { try configuration.merge(file: $0) }
        #expect(configuration.broker == "mqtt://card")
        #expect(configuration["led.line"] == "GPIO27")
        configuration.merge(environment: ["APUS_BROKER": "mqtt://laptop"].value)
        #expect(configuration.broker == "mqtt://laptop")
        #expect(configuration["device"] == "shed")
        configuration.merge(environment: ["APUS_DEVICE": "desk"].value)
        #expect(configuration["device"] == "desk")
    }

    @Test func anAbsentFileChangesNothing() throws {
        var configuration = Configuration(["a": "1"])
        try configuration.merge(file: "/no/such/file")
        #expect(configuration["a"] == "1")
        #expect(configuration.broker == "mqtt://127.0.0.1:1883")
    }

    @Test func aBadFileChangesNothingAndIsNamed() throws {
        var configuration = Configuration(["a": "1"])
        try withFile(Array("a=2\nnonsense".utf8)) { path in
            let error = #expect(throws: ConfigurationError.self) { try configuration.merge(file: path) }
            #expect(error?.description == "\(path), line 2: expected key=value")
        }
        #expect(configuration["a"] == "1")
    }

    @Test func aHugeFileIsRefused() throws {
        try withFile([UInt8](repeating: UInt8(ascii: "#"), count: Configuration.sizeLimit + 1)) { path in
            var configuration = Configuration()
            let error = #expect(throws: ConfigurationError.self) { try configuration.merge(file: path) }
            #expect(error?.description == "\(path) is larger than 65536 bytes")
        }
    }

    @Test func aFolderInItsPlaceIsAnError() {
        var configuration = Configuration()
        let error = #expect(throws: ConfigurationError.self) { try configuration.merge(file: "/tmp") }
        #expect(error?.description == "/tmp cannot be read: Is a directory")
    }

    @Test(
        arguments: [
            (nil, []), ("", []), (" , ,", []), ("0x49", ["0x49"]), (" 0x49 ,0x4A,, 0x4B", ["0x49", "0x4A", "0x4B"]),
        ] as [(String?, [String])]) func listsAreSeparatedByCommas(value: String?, parts: [String])
    {
        #expect(Configuration(value.map { ["k": $0] } ?? [:]).list("k") == parts)
    }

    @Test(arguments: [(nil, []), ("0x49", [0x49]), ("8, 0x77,0x4a", [0x08, 0x77, 0x4A])] as [(String?, [I2CAddress])])
    func addressesAreDecimalOrHexadecimal(value: String?, addresses: [I2CAddress]) throws {
        #expect(try Configuration(value.map { ["k": $0] } ?? [:]).addresses("k") == addresses)
    }

    @Test(arguments: ["0x", "x", "0x78", "7", "+73", "-0x49", "0x-49", "0x4 9", "4a", "99999999999999999999"])
    func refusesWhatIsNoAddress(value: String) {
        let error = #expect(throws: (any Error).self) { try Configuration(["k": "0x48,\(value)"]).addresses("k") }
        #expect(error.map { "\($0)" } == "k: \"\(value)\" is not the address of an I2C device, 0x08 to 0x77")
    }

    @Test func namesUnderAPrefix() {
        let configuration = Configuration(["i2c.i2c-1": "x", "i2c.i2c-0": "y", "i2c.": "z", "i2cx": "w"])
        #expect(configuration.names(under: "i2c.") == ["i2c-0", "i2c-1"])
    }
}

extension Dictionary where Key == String, Value == String {
    fileprivate func value(_ key: String) -> String? { self[key] }
}

import Glibc
import Hardware
import Sensors
import Testing

/// Texas Instruments HDC1080: temperature and relative humidity (datasheet SNAS672).
struct HDC1080: PolledDriver {
    let id = "hdc1080-0x40"
    let port: I2CPort
    var clock: any Clock<Duration> = ContinuousClock()

    /// At every start: is it the chip? Then bring it into a known state.
    func open() async throws -> I2CChip {
        let chip = try I2CChip("HDC1080", at: 0x40, on: port, clock: clock)
        // Sections 8.6.4 and 8.6.5.
        try await chip.identify16(0xFE, as: 0x5449, what: "manufacturer id")
        try await chip.identify16(0xFF, as: 0x1050, what: "device id")
        // Section 8.6.3: temperature and humidity one after the other, with 14 bits each.
        try await chip.write16(2, 0x1000)
        return chip
    }

    /// At every tick.
    func sample(_ chip: I2CChip) async throws -> [Measurement] {
        // Section 8.5.1: naming register 0 begins the measurement. Section 7.5: 6.35 ms and 6.5 ms.
        try await chip.send([0])
        try await chip.pause(.milliseconds(13))
        let bytes = try await chip.read(4).map(Double.init)
        return [
            Measurement(.temperature, .number(Self.celsius(bytes[0] * 256 + bytes[1]))),
            Measurement(.humidity, .number(Self.humidity(bytes[2] * 256 + bytes[3]))),
        ]
    }

    /// Section 8.6.1.
    static func celsius(_ raw: Double) -> Double { raw / 65_536 * 165 - 40 }

    /// Section 8.6.2.
    static func humidity(_ raw: Double) -> Double { raw / 65_536 * 100 }
}

/// The driver of docs/drivers.md works, and is what is printed there.
struct GuideTests {
    private let chip = SimulatedRegisterMap([
        0: [0x66, 0x66], 1: [0x80, 0x00], 2: [0, 0], 0xFE: [0x54, 0x49], 0xFF: [0x10, 0x50],
    ])

    @Test func theDriverOfTheGuideWorks() async throws {
        let bus = SimulatedI2C()
        bus.attach(chip, at: 0x40)
        let driver = HDC1080(port: I2CPort(simulated: bus, name: "i2c-1"), clock: SkippingClock())
        let measurements = try await driver.sample(try await driver.open())
        #expect(measurements.map(\.quantity) == [.temperature, .humidity])
        guard case .number(let celsius) = measurements[0].value else { return }
        #expect(abs(celsius - 26) < 0.01)
        #expect(measurements[1].value == .number(50))
        #expect(chip[2] == [0x10, 0x00])
        chip[0xFF] = [0x10, 0x00]
        await #expect(throws: SensorError.self) { try await driver.open() }
    }

    @Test func theGuideShowsThisDriver() throws {
        let here = try read(#filePath)
        let guide = try read(#filePath, "../../../docs/drivers.md")
        let start = try #require(guide.range(of: "/// Texas Instruments HDC1080"))
        let end = try #require(guide.range(of: "\n```", in: start..<guide.endIndex))
        #expect(here.contains(guide[start..<end]))
        #expect(guide[start..<end].split(separator: "\n", omittingEmptySubsequences: false).count <= 42)
    }

    @Test func theTablesOfTheGuideNameEveryDriver() throws {
        let guide = try read(#filePath, "../../../docs/drivers.md")
        let folder = try path(#filePath, "../../../Sources/Sensors/Drivers")
        let directory = try #require(opendir(folder))
        defer { closedir(directory) }
        var drivers: [String] = []
        while let entry = readdir(directory) {
            let file = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard file.hasSuffix(".swift") else { continue }
            let source = try read("\(folder)/\(file)")
            let name = String(file.dropLast(6))
            if source.contains("public struct \(name): ") { drivers.append(name) }
        }
        #expect(drivers.count > 30)
        let missing = drivers.filter { !["`\($0)`", "`\($0)("].contains(where: guide.contains) }
        // What several drivers open.
        #expect(Set(missing) == ["BoschBarometer", "RealTimeClock"])
    }

    /// The tests' folder may be a link to where the rest is.
    private func path(_ path: String, _ relative: String = "") throws -> String {
        let real = try #require(realpath(path, nil))
        defer { free(real) }
        let name = String(cString: real)
        return relative.isEmpty ? name : name[..<(name.lastIndex(of: "/") ?? name.endIndex)] + "/" + relative
    }

    private func read(_ path: String, _ relative: String = "") throws -> String {
        let file = try #require(fopen(try self.path(path, relative), "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension String {
    /// Where a text begins, from a place on.
    fileprivate func range(of text: String, in range: Range<Index>? = nil) -> Index? {
        self[range ?? startIndex..<endIndex].firstRange(of: text)?.lowerBound
    }
}

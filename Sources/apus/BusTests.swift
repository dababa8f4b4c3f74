internal import Glibc
internal import Hardware

/// The tests of a board's buses and lines, and of what the kernel has found on it by itself.
enum BusTests {
    static let boardFile = "/etc/apus/board.conf"

    /// Seconds for one test. Far above the kernel's own time-out for a transaction, a second for most adapters.
    static let limit = 10

    /// - Parameters:
    ///   - board: as its file says: `i2c.NAME`, `spi.NAME` and `serial.NAME` are paths, `gpio.label` and `gpio.lines` the
    ///     chip.
    ///   - kernel: where it shows 1-Wire buses, PWM and LEDs, of which no profile says what there is.
    static func all(of board: [String: String], _ kernel: SysfsSurvey) -> [BusTest] {
        func tests(_ kind: String, _ make: (_ name: String, _ path: String) -> BusTest) -> [BusTest] {
            board.keys.filter { $0.hasPrefix("\(kind).") }.sorted().compactMap { key in
                board[key].map { make(String(key.dropFirst(kind.utf8.count + 1)), $0) }
            }
        }
        let chip = board["gpio.label"].map { [gpio(label: $0, lines: board["gpio.lines"].flatMap { Int($0) })] } ?? []
        var all = chip + tests("i2c", i2c) + tests("spi", spi) + tests("serial", serial)
        all += found("1-wire", kernel.oneWire) { name in try oneWire(name, kernel) }
        all += found("pwm", kernel.pwms) { name in try pwm(name, kernel) }
        all += found("leds", kernel.lights) { name in try light(name, kernel) }
        return all
    }

    /// A test for each device of a kind; one that fails when it cannot be found out which there are.
    private static func found(
        _ kind: String, _ names: () throws -> [String], _ look: @escaping @Sendable (_ name: String) throws -> String
    ) -> [BusTest] {
        do {
            return try names().map { name in BusTest(name: name) { try look(name) } }
        } catch {
            return [BusTest(name: kind) { throw error }]
        }
    }

    private static func gpio(label: String, lines expected: Int?) -> BusTest {
        BusTest(name: "gpio") {
            let lines = try GPIOChip.labelled(label).lines()
            let used = lines.filter(\.isUsed).count
            if let expected, lines.count != expected {
                throw Wrong("\(label) has \(lines.count) lines, the board's profile says \(expected)")
            }
            return "\(label) has \(lines.count) lines, \(used) in use"
        }
    }

    private static func i2c(_ name: String, _ path: String) -> BusTest {
        BusTest(name: name) {
            // Opening it asks for its functions too.
            let bus = try LinuxI2C(path: path)
            do throws(I2CError) {
                // Ends with the first transaction that times out: on an idle bus whoever does not answer does so at once.
                let found = try bus.scan(bus: name)
                let taken = found.filter { $0.presence == .takenByKernel }.count
                return "\(path): the lines are idle, \(found.count) device\(found.count == 1 ? "" : "s")"
                    + (taken == 0 ? "" : ", \(taken) of them with drivers of the kernel")
            } catch {
                guard case .timeout = error else { throw error }
                throw Wrong("\(error); SDA or SCL may be held low, or have no pull-up resistor")
            }
        }
    }

    private static func spi(_ name: String, _ path: String) -> BusTest {
        BusTest(name: name) {
            try skipIfAbsent(path)
            try LinuxSPI.test(path: path)
            return "\(path) opens"
        }
    }

    private static func serial(_ name: String, _ path: String) -> BusTest {
        BusTest(name: name) {
            try skipIfAbsent(path)
            do throws(SerialError) {
                try LinuxSerial.test(path: path)
            } catch {
                guard case .busy = error else { throw error }
                throw BusTest.Skipped(reason: "\(path) is in use")
            }
            return "\(path) opens"
        }
    }

    /// Profiles also name what only cards made with an option of the board have, and the bundle knows no card's options.
    private static func skipIfAbsent(_ path: String) throws {
        if access(path, F_OK) != 0, errno == ENOENT {
            throw BusTest.Skipped(reason: "\(path) is not there; most boards have it on cards made --with it only")
        }
    }

    /// A thermometer, or a whole bus.
    private static func oneWire(_ name: String, _ kernel: SysfsSurvey) throws -> String {
        if let id = OneWireID(name) {
            try kernel.readThermometer(id)
            return "1-Wire: a thermometer, the checksum of its memory is right"
        }
        guard let devices = try kernel.devices(on: name) else {
            throw BusTest.Skipped(reason: "1-Wire: the kernel has not searched it yet")
        }
        // Noise has right checksums now and then, mostly of a family that no device has.
        if let noise = devices.first(where: { $0.family == 0 }) {
            throw Wrong("1-Wire: its search finds \(noise), which is no device but noise; check the pull-up resistor")
        }
        return "1-Wire: its search finds \(devices.count) device\(devices.count == 1 ? "" : "s")"
    }

    private static func pwm(_ name: String, _ kernel: SysfsSurvey) throws -> String {
        let pwm = try kernel.pwm(name)
        return "PWM\(pwm.device.isEmpty ? "" : " of \(pwm.device)"): \(pwm.channels) "
            + "channel\(pwm.channels == 1 ? "" : "s"), \(pwm.taken) in use"
    }

    private static func light(_ name: String, _ kernel: SysfsSurvey) throws -> String {
        let light = try kernel.light(name)
        return "LED: brightness \(light.brightness) of \(light.maximum), trigger \(light.trigger)"
    }

    /// What is not as it should be.
    private struct Wrong: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }
}

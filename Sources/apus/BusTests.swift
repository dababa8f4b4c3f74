internal import Glibc
internal import Hardware

/// The tests of a board's buses and lines.
enum BusTests {
    static let boardFile = "/etc/apus/board.conf"

    /// Seconds for one test. Far above the kernel's own time-out for a transaction, a second for most adapters.
    static let limit = 10

    /// - Parameter board: as its file says: `i2c.NAME`, `spi.NAME` and `serial.NAME` are paths, `gpio.label` and
    ///   `gpio.lines` the chip.
    static func all(of board: [String: String]) -> [BusTest] {
        func tests(_ kind: String, _ make: (_ name: String, _ path: String) -> BusTest) -> [BusTest] {
            board.keys.filter { $0.hasPrefix("\(kind).") }.sorted().compactMap { key in
                board[key].map { make(String(key.dropFirst(kind.utf8.count + 1)), $0) }
            }
        }
        let chip = board["gpio.label"].map { [gpio(label: $0, lines: board["gpio.lines"].flatMap { Int($0) })] } ?? []
        return chip + tests("i2c", i2c) + tests("spi", spi) + tests("serial", serial)
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
            try LinuxSPI.test(path: path)
            return "\(path) opens"
        }
    }

    private static func serial(_ name: String, _ path: String) -> BusTest {
        BusTest(name: name) {
            do throws(SerialError) {
                try LinuxSerial.test(path: path)
            } catch {
                guard case .busy = error else { throw error }
                throw BusTest.Skipped(reason: "\(path) is in use")
            }
            return "\(path) opens"
        }
    }

    /// What is not as it should be.
    private struct Wrong: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }
}

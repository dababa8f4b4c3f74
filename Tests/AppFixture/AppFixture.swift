import Apus
import Glibc
import Sensors

/// An app for the tests, with drivers in cells. It writes what happens to standard output and stops itself.
@main
struct AppFixture: FirmwareApp {
    func children(on board: Board) -> [ChildSpec] {
        let readings = Mailbox<Reading>(capacity: 100, overflow: .dropOldest)
        return [
            ChildSpec("collector") {
                say("collector starts")
                return { try await collect(readings) }
            },
            Sensor(
                TMP102(on: board.i2c("i2c-1"), address: 0x48), every: .milliseconds(100), into: readings,
                isolation: .process
            ).childSpec,
            Sensor(Unruly(), every: .milliseconds(1), into: readings, isolation: .process).childSpec,
        ]
    }
}

/// Takes readings until there are some of two lives of the unruly driver, and of the thermometer.
private func collect(_ readings: Mailbox<Reading>) async throws {
    var all: [Reading] = []
    while true {
        all += try await readings.receive()
        let unruly = all.filter { $0.sensor == "unruly" }
        guard unruly.count >= 4, let temperature = all.first(where: { $0.quantity == .temperature }) else { continue }
        say("unruly: \(unruly.prefix(4).map(\.value))")
        if case .number(let celsius) = temperature.value { say("warm: \((15...25).contains(celsius))") }
        // Readings that crossed are kept for those who look.
        let known = KnownSensors["unruly"]
        say("in a cell: \(known?.isInCell == true), kept: \(known?.statistics.latest.count ?? 0)")
        kill(getpid(), SIGTERM)
        while true { _ = try await readings.receive() }
    }
}

/// Counts to 2, and then beyond the end of an array.
private struct Unruly: PolledDriver {
    let id = "unruly"

    func open() -> Mailbox<Int> {
        let numbers = Mailbox<Int>(capacity: 3, overflow: .dropNewest)
        for number in 1...3 { _ = numbers.offer(number) }
        return numbers
    }

    func sample(_ device: Mailbox<Int>) async throws -> [Measurement] {
        let number = try await device.receive(upTo: 1)[0]
        let values = [0, 1.0, 2.0]
        return [Measurement(Quantity("count", unit: nil), .number(values[number]))]
    }
}

private func say(_ text: String) {
    let line = text + "\n"
    _ = write(STDOUT_FILENO, line, line.utf8.count)
}

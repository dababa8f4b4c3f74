import Apus
import Glibc

/// A driver, and when it was asked, by the clock of its ticks: what the schedule of its sensor is judged by.
struct Timed<Driver: PolledDriver>: PolledDriver {
    let driver: Driver

    var id: String { driver.id }

    func open() async throws -> Driver.Device { try await driver.open() }

    func sample(_ device: Driver.Device) async throws -> [Measurement] {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let seconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        return [Measurement(Quantity("asked", unit: "s"), .number(seconds))] + (try await driver.sample(device))
    }
}

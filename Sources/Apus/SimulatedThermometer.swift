internal import Glibc
internal import Hardware

/// A TMP102 in a room whose temperature goes up and down by two degrees around 21 degrees Celsius, once in a minute.
struct SimulatedThermometer: SimulatedI2CDevice {
    func write(_ bytes: [UInt8]) {}

    func read(_ count: Int) -> [UInt8] {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let phase = (Double(time.tv_sec % 60) + Double(time.tv_nsec) / 1e9) / 60
        let celsius = 21 + 2 * sin(2 * .pi * phase)
        // The register's format: 1/16 degree in the upper 12 of 16 bits, big-endian.
        let register = UInt16(celsius * 16) << 4
        return Array([UInt8(register >> 8), UInt8(register & 0xFF)].prefix(count))
    }
}

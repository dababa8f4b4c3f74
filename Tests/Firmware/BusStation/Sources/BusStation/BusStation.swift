import Apus

/// Reads chips on three I2C buses once a second, some of them behind a multiplexer, what the kernel's own drivers say
/// of some of these chips and what one of them collects by itself, a memory on SPI and a GPS on a serial port, lights a
/// lamp and drives a fan: the device of the tests of buses (Tests/SystemTests/BusTests.swift).
@main
struct BusStation: FirmwareApp {
    func children(on board: Board) throws -> [ChildSpec] {
        let publisher = Publisher(to: .mqtt(board.mqtt), device: board.device)
        func sensor(_ id: String, _ driver: some PolledDriver) -> ChildSpec {
            Sensor(Timed(driver: driver), id: id, every: .seconds(1), into: publisher.mailbox).childSpec
        }
        let zero = board.i2c("i2c-0")
        let one = board.i2c("i2c-1")
        let two = board.i2c("i2c-2")
        let behind = I2CMux(on: one, address: 0x70)
        let kernel = board.sysfs
        return [
            publisher.childSpec,

            sensor("zero-4a", TMP105(on: zero, address: 0x4A)),
            sensor("zero-4c", EMC1413(on: zero, address: 0x4C)),
            sensor("zero-68", SetClock(clock: DS1338(on: zero))),
            sensor("zero-1e", LSM303DLHC(on: zero)),

            sensor("one-48", TMP105(on: one, address: 0x48)),
            sensor("one-49", TMP105(on: one, address: 0x49)),
            sensor("one-4c", TMP421(on: one, address: 0x4C)),
            sensor("one-50", MemoryCheck(memory: AT24C(on: one, size: .c02))),
            sensor("one-77", DPS310(on: one, address: 0x77)),
            sensor("behind-0-4e", TMP105(on: behind[0], address: 0x4E)),
            sensor("behind-3-4d", TMP421(on: behind[3], address: 0x4D)),
            sensor("behind-7-4e", TMP105(on: behind[7], address: 0x4E)),
            // Not always there.
            sensor("one-4f", TMP105(on: one, address: 0x4F)),

            sensor("two-4b", TMP105(on: two, address: 0x4B)),
            sensor("two-60", Lights(chip: PCA9552(on: two))),
            sensor("two-76", DPS310(on: two, address: 0x76)),

            sensor("kernel-zero-4a", KernelSensorDriver(.hwmon, "tmp105", at: "0-004a", on: kernel)),
            sensor("kernel-one-4c", KernelSensorDriver(.hwmon, "tmp421", at: "1-004c", on: kernel)),
            sensor("kernel-two-76", KernelSensorDriver(.iio, "dps310", at: "2-0076", on: kernel)),
            // Fails until there is its trigger, which the test makes.
            Sensor(
                KernelCapture("lsm303dlhc_magn", at: "2-001e", kinds: [.magneticField], trigger: "pace", on: kernel),
                id: "capture-two-1e", into: publisher.mailbox
            ).childSpec,

            sensor("flash", FlashIdentity(port: board.spi("spi0.0"))),
            Sensor(NMEAGPS(on: board.serial("uart0")), id: "gps", into: publisher.mailbox).childSpec,
            sensor("ten-bits", TenBits(port: zero)),
            Lamp.childSpec(on: board.line("GPIO5")),
            Fan.childSpec(on: kernel),
        ]
    }
}

import Foundation
import JSON
import Testing

@testable import fwtool

extension SystemTests {
    /// Seventeen chips on three I2C buses of the emulated Pi 3, through the kernel's own driver of the controllers; in
    /// the same boot the kernel's drivers of some of the chips and what one of them collects by itself, a memory on
    /// SPI, a GPS on a serial port, a PWM channel, a chip that goes and comes back, and a cell that is killed.
    @Suite struct BusTests {
        /// Named as the sensors of the app (Tests/Firmware/BusStation). The board profile has one more at 0x48 on bus 1.
        private static let devices = [
            "tmp105,id=zero-4a,bus=i2c-bus.0,address=0x4a", "emc1413,id=zero-4c,bus=i2c-bus.0,address=0x4c",
            "ds1338,bus=i2c-bus.0,address=0x68", "lsm303dlhc_mag,id=zero-1e,bus=i2c-bus.0,address=0x1e",
            "tmp105,id=one-49,bus=i2c-bus.1,address=0x49", "tmp421,id=one-4c,bus=i2c-bus.1,address=0x4c",
            "at24c-eeprom,bus=i2c-bus.1,address=0x50,rom-size=256", "dps310,bus=i2c-bus.1,address=0x77",
            "pca9548,name=mux,bus=i2c-bus.1,address=0x70",
            "tmp105,id=behind-0-4e,bus=i2c-bus.1/mux/i2c.0,address=0x4e",
            "tmp421,id=behind-3-4d,bus=i2c-bus.1/mux/i2c.3,address=0x4d",
            "tmp105,id=behind-7-4e,bus=i2c-bus.1/mux/i2c.7,address=0x4e",
            "tmp105,id=two-4b,bus=i2c-bus.2,address=0x4b", "pca9552,id=two-60,bus=i2c-bus.2,address=0x60",
            "dps310,bus=i2c-bus.2,address=0x76", "lsm303dlhc_mag,id=two-1e,bus=i2c-bus.2,address=0x1e",
            // QEMU cannot take a chip from a running machine. The app does not know this multiplexer: what is behind it
            // is there or not, as its register is written by hand.
            "pca9546,name=plug,bus=i2c-bus.1,address=0x71",
            "tmp105,id=one-4f,bus=i2c-bus.1/plug/i2c.0,address=0x4f",
            "w25q256,bus=spi",
        ]

        private static let settings = [
            (
                "kernel-devices",
                "i2c-0:0x4a:tmp105, i2c-0:0x4c:emc1413, i2c-1:0x4c:tmp421, i2c-2:0x76:dps310, "
                    + "i2c-2:0x1e:lsm303dlhc_magn, i2c-9:0x48:lm75"
            )
        ]

        @Test func seventeenChipsOnThreeBusesAreReadAndAFailureStaysWithItsChip() async throws {
            try await Machine.boot(
                "rpi3", app: "BusStation", settings: Self.settings, devices: Self.devices, hasSerial: true
            ) { machine in
                // Soon: the sensors of the absent chip and of the absent trigger are tried less and less often.
                try await Self.plug(machine, isIn: true)
                try await Self.makeTrigger(machine)
                let position = Task { try await Self.speak(on: machine.emulator.serial) }
                defer { position.cancel() }
                let readings = Collected(machine)

                try await Self.values(machine, readings)
                try await Self.outputs(machine, readings)
                try await Self.kernel(machine, readings)
                try await Self.capture(machine, readings)
                try await Self.otherPorts(machine, readings)
                try await Self.absence(machine, readings)
                try await Self.safeLevelOfAKilledCell(machine)
                try await Self.clockOfTheKernel(machine, readings)
            }
        }

        private static func plug(_ machine: Machine, isIn: Bool) async throws {
            try await machine.shell.run("apus i2c write i2c-1 0x71 \(isIn ? 1 : 0)")
        }

        /// A timer of the kernel that starts a scan five times a second (Documentation/iio/iio_configfs.rst).
        private static func makeTrigger(_ machine: Machine) async throws {
            try await machine.shell.run(
                "modprobe iio-trig-hrtimer && mount -t configfs none /sys/kernel/config && "
                    + "mkdir /sys/kernel/config/iio/triggers/hrtimer/pace && "
                    + "cd /sys/bus/iio/devices/trigger* && echo 5 > sampling_frequency")
        }

        private static func set(_ machine: Machine, _ chip: String, _ property: String, _ value: Int) async throws {
            try await machine.emulator.qmp.setProperty(
                property, of: "/machine/peripheral/\(chip)", to: .integer(Int64(value)))
        }

        /// What is set from outside is what arrives, for every chip that can be set, from one value to the next.
        private static func values(_ machine: Machine, _ readings: Collected) async throws {
            let thermometers = [
                "zero-4a", "t0", "one-49", "behind-0-4e", "behind-7-4e", "one-4f", "two-4b",
            ]
            for round in [0, 1] {
                var expected: [String: ClosedRange<Double>] = [:]
                for (index, chip) in thermometers.enumerated() {
                    // Sixteenths of a degree, below zero in the second round.
                    let millidegrees = (round == 0 ? 20_000 : -30_000) + index * 1_250 + 500
                    try await set(machine, chip, "temperature", millidegrees)
                    let celsius = Double(millidegrees) / 1000
                    expected["\(chip == "t0" ? "one-48" : chip)/temperature"] = celsius...celsius
                }
                for (index, chip) in ["one-4c", "behind-3-4d"].enumerated() {
                    for (channel, quantity) in ["temperature", "temperature-1"].enumerated() {
                        let celsius = Double(round == 0 ? 50 : -20) + Double(index * 10 + channel)
                        try await set(machine, chip, "temperature\(channel)", Int(celsius * 1000))
                        // QEMU's chip rounds down, and to half degrees.
                        expected["\(chip)/\(quantity)"] = (celsius - 0.5)...(celsius + 0.5)
                    }
                }
                for (channel, quantity) in ["temperature", "temperature-1", "temperature-2"].enumerated() {
                    let celsius = Double(30 + 20 * round + channel)
                    try await set(machine, "zero-4c", "temperature\(channel)", Int(celsius * 1000))
                    expected["zero-4c/\(quantity)"] = (celsius - 0.125)...(celsius + 0.125)
                }
                // Nanoteslas, of which QEMU takes no negative ones; a step of the chip is 1/1100 gauss, of the axis z 1/980.
                for (index, axis) in ["x", "y", "z"].enumerated() {
                    let first = (round == 0 ? 25_000 : 70_000) + index * 3_000
                    for (chip, sensor, field) in [
                        ("zero-1e", "zero-1e", first), ("two-1e", "capture-two-1e", 120_000 - first),
                    ] {
                        try await set(machine, chip, "mag-\(axis)", field)
                        let tesla = Double(field) * 1e-9
                        expected["\(sensor)/magnetic-field-\(axis)"] = (tesla - 2e-7)...(tesla + 2e-7)
                    }
                }
                try await readings.wait(for: expected)
            }
        }

        /// The clock goes on from where it was set, the memory gives back what it got, the LED that is on is on.
        private static func outputs(_ machine: Machine, _ readings: Collected) async throws {
            let start = 1_798_761_600.0
            try await readings.wait(for: ["zero-68/time": start...(start + 3600)])
            let time = await readings.values["zero-68/time"] ?? 0
            try await readings.wait(for: ["zero-68/time": (time + 1)...(start + 3600)])
            try await readings.wait(for: [
                "one-50/intact": 1...1, "one-50/count": 2...255, "two-60/level": 0xFFDF...0xFFDF,
            ])
            let led = try await machine.emulator.qmp.property("led5", of: "/machine/peripheral/two-60")
            let other = try await machine.emulator.qmp.property("led4", of: "/machine/peripheral/two-60")
            #expect(led == "on" && other == "off")
            // Nothing can be set of these; the kernel is their judge below.
            try await readings.wait(for: ["one-77/pressure": 1...1e6, "two-76/pressure": 1...1e6])
        }

        /// The kernel's drivers of four of the chips say what ours say.
        private static func kernel(_ machine: Machine, _ readings: Collected) async throws {
            func number(_ path: String) async throws -> Double {
                let text = try await machine.shell.run("cat \(path)")
                return try #require(Double(text.trimmingCharacters(in: .whitespacesAndNewlines)), "\(path): \(text)")
            }
            let any = -Double.infinity...Double.infinity
            try await readings.wait(for: [
                "kernel-zero-4a/temperature": any, "kernel-one-4c/temperature-1": any, "kernel-two-76/pressure": any,
            ])
            let thermometer = try await number("/sys/bus/i2c/devices/0-004a/hwmon/hwmon*/temp1_input") / 1000
            let own = try await number("/sys/bus/i2c/devices/1-004c/hwmon/hwmon*/temp1_input") / 1000
            let diode = try await number("/sys/bus/i2c/devices/1-004c/hwmon/hwmon*/temp2_input") / 1000
            var three: [Double] = []
            for index in 1...3 {
                three.append(try await number("/sys/bus/i2c/devices/0-004c/hwmon/hwmon*/temp\(index)_input") / 1000)
            }
            let pascals = try await number("/sys/bus/i2c/devices/2-0076/iio:device*/in_pressure_input") * 1000
            let celsius = try await number("/sys/bus/i2c/devices/2-0076/iio:device*/in_temp_input") / 1000
            await readings.forget()
            for name in ["zero-4a", "kernel-zero-4a"] {
                try await readings.wait(for: ["\(name)/temperature": thermometer...thermometer])
            }
            // The kernel calls the chip's own temperature the first.
            try await readings.wait(for: [
                "one-4c/temperature": own...own, "kernel-one-4c/temperature-1": own...own,
                "one-4c/temperature-1": diode...diode, "kernel-one-4c/temperature-2": diode...diode,
                "zero-4c/temperature": three[0]...three[0], "zero-4c/temperature-1": three[1]...three[1],
                "zero-4c/temperature-2": three[2]...three[2],
            ])
            for name in ["two-76", "kernel-two-76"] {
                try await readings.wait(for: [
                    // The kernel's arithmetic is one of integers.
                    "\(name)/pressure": (pascals - 1)...(pascals + 1),
                    "\(name)/temperature": (celsius - 0.01)...(celsius + 0.01),
                ])
            }
            // A mistake in the list costs nothing else.
            #expect(machine.emulator.console.text.contains("the board has no I2C bus i2c-9"))
        }

        /// What the kernel collects of a magnetometer comes at its trigger's pace, while others are asked once a
        /// second, and a change from outside is in all scans behind it.
        private static func capture(_ machine: Machine, _ readings: Collected) async throws {
            // The trigger, the three axes and the time, and that it runs.
            #expect(
                try await machine.shell.run(
                    "cd /sys/bus/i2c/devices/2-001e/iio:device* && echo capture $(cat trigger/current_trigger "
                        + "scan_elements/in_magn_*_en scan_elements/in_timestamp_en buffer/enable)"
                ).contains("capture pace 1 1 1 0 1"))
            let x = "capture-two-1e/magnetic-field-x"
            let before = 4.98e-5...5.02e-5
            let after = 1.498e-4...1.502e-4
            try await readings.wait(for: ["two-4b/asked": 0...(.infinity)])
            await readings.forget()
            var asked = await readings.values["two-4b/asked"] ?? 0
            try await readings.wait(for: ["two-4b/asked": (asked + 5)...(.infinity)])
            try await set(machine, "two-1e", "mag-x", 150_000)
            try await readings.wait(for: [x: after])
            asked = await readings.values["two-4b/asked"] ?? 0
            try await readings.wait(for: ["two-4b/asked": (asked + 5)...(.infinity)])

            let history = await readings.history
            let scans = history[x] ?? []
            let change = scans.firstIndex { after.contains($0) } ?? scans.endIndex
            #expect(scans[..<change].allSatisfy { before.contains($0) }, "\(scans)")
            #expect(scans[change...].allSatisfy { after.contains($0) }, "\(scans)")
            for axis in ["y", "z"] {
                let count = history["capture-two-1e/magnetic-field-\(axis)"]?.count ?? 0
                // Both ends of the history may be within a scan.
                #expect(abs(count - scans.count) <= 1, "\(axis): \(count) of \(scans.count)")
            }
            // By the machine's own clock: five in a second, fewer when its host was busy, never the hundred of a
            // trigger that was not set.
            let times = history["two-4b/asked"] ?? []
            let seconds = (times.last ?? 0) - (times.first ?? 0)
            let count = Double(scans.count)
            #expect(2 * seconds < count && count < 10 * seconds, "\(count) in \(seconds) s")
        }

        private static func otherPorts(_ machine: Machine, _ readings: Collected) async throws {
            try await readings.wait(for: [
                // The example of NMEA 0183 for RMC, and the one for GGA.
                "gps/fix": 1...1, "gps/latitude": 48.1172...48.1174, "gps/longitude": 11.5166...11.5168,
                "gps/satellites": 8...8,
                // Winbond's W25Q256.
                "flash/identity": 0xEF4019...0xEF4019,
                // The kernel's driver would ask a thermometer, which answers.
                "ten-bits/refused": 1...1,
            ])
            #expect(
                try await machine.shell.run("cat /sys/bus/w1/devices/w1_bus_master1/w1_master_slaves").contains(
                    "not found"))
            // The kernel's driver takes what the app's fan asks for; where the signal would go there is nothing. The app
            // enables it last, and tries again until there is the driver.
            #expect(
                try await machine.shell.run(
                    "cd /sys/class/pwm && until grep -q 1 pwmchip0/pwm1/enable; do usleep 200000; done 2> /dev/null; "
                        + "cd pwmchip0/pwm1 && echo fan $(cat period duty_cycle polarity enable)"
                ).contains("fan 20000000 1500000 inversed 1"))
        }

        /// A chip goes and comes back. Its sensor fails, and is started again until it answers; all others keep their
        /// schedule, those on its bus too.
        ///
        /// After an address that nobody acknowledges, QEMU's controllers leave the flag TXW or RXR set (hw/i2c/bcm2835_i2c.c), and
        /// all of them share one interrupt: when another bus has it while a transfer begins on this one, the kernel takes the
        /// flag for this transfer's and ends it with EIO (drivers/i2c/busses/i2c-bcm2835.c). Nothing in Apus can help that:
        /// the test begins again.
        private static func absence(_ machine: Machine, _ readings: Collected) async throws {
            for _ in 1...4 {
                let failures = try await absentOnce(machine, readings)
                guard !failures.isEmpty else { return }
                // On the absent chip's bus alone; its kernel-one-4c says what the kernel's driver got.
                try #require(
                    failures.allSatisfy { line in
                        line.contains("Input/output error")
                            && (line.contains("/dev/i2c-1") || line.contains("kernel-one-4c"))
                    }, "\(failures)")
            }
            Issue.record("whenever one chip was absent, another one on its bus failed")
        }

        /// Returns what the console says about failures of the others. Their schedules are judged when there is none.
        private static func absentOnce(_ machine: Machine, _ readings: Collected) async throws -> [String] {
            try await readings.wait(for: ["one-4f/asked": 0...(.infinity)])
            await readings.forget()
            let others = [
                "zero-4a", "zero-4c", "zero-68", "zero-1e", "one-48", "one-49", "one-4c", "one-50", "one-77",
                "behind-0-4e", "behind-3-4d", "behind-7-4e", "two-4b", "two-60", "two-76",
            ]
            let all = Dictionary(uniqueKeysWithValues: others.map { ("\($0)/asked", 0...Double.infinity) })
            try await readings.wait(for: all)
            let before = machine.emulator.console.text.utf8.count

            try await plug(machine, isIn: false)
            for _ in 1...3 {
                try await machine.emulator.console.wait(for: "app/one-4f failed: ", deadline: machine.deadline)
                try await machine.emulator.console.wait(for: "one-4f restarts in ", deadline: machine.deadline)
            }
            let gone = await readings.history["one-4f/asked"]?.last ?? 0
            try await plug(machine, isIn: true)
            try await readings.wait(for: ["one-4f/asked": (gone + 2)...(.infinity)])
            // Some ticks more.
            let now = await readings.values["two-4b/asked"] ?? 0
            try await readings.wait(for: all.mapValues { _ in (now + 3)...(.infinity) })

            let text = String(decoding: machine.emulator.console.text.utf8.dropFirst(before), as: UTF8.self)
            let failures = text.split(whereSeparator: \.isNewline).map(String.init).filter { line in
                (others + ["capture-two-1e"]).contains { line.contains("\($0) failed") }
            }
            guard failures.isEmpty else { return failures }
            // A tick that the whole machine missed, because its host was busy, is nobody's fault here.
            let missed = await readings.missedTicks
            let elsewhere = max(missed["two-4b"] ?? 0, missed["zero-4a"] ?? 0)
            for other in others {
                #expect(missed[other] ?? .max <= elsewhere + 1, "\(other) missed ticks: \(missed)")
            }
            return []
        }

        /// The lamp's process is killed and not started again: the app puts the lamp out, and goes on.
        private static func safeLevelOfAKilledCell(_ machine: Machine) async throws {
            func isLit() async throws -> Bool {
                // BCM2835 ARM Peripherals, section 6.1: GPLEV0, of which bit 5 is the level of line 5.
                try await machine.emulator.qtest.byte(at: 0x3F20_0034) & 1 << 5 != 0
            }
            let held = try await machine.shell.run("apus gpio info GPIO5")
            #expect(held.contains("  output  used by \"BusStation lamp\""))
            #expect(try await isLit())
            let processes = try await Self.processes(machine)
            try await machine.shell.run(
                "kill -KILL $(pidof lamp); until [ ! -e /run/apus/outputs/pinctrl-bcm2835:5 ]; do usleep 100000; done")
            #expect(try await isLit() == false)
            let left = try await machine.shell.run("apus gpio info GPIO5")
            #expect(left.contains("  output") && !left.contains("used"))
            // It was the app, not PID 1 after its end.
            let rest = try await Self.processes(machine)
            #expect(processes.count == 2 && rest.count == 1 && rest.isSubset(of: processes))
        }

        /// The kernel's driver of the clock chip says the time that ours says. At the end: by the first clock it gets
        /// the kernel sets its own (rtc_hctosys in linux/drivers/rtc/class.c), here to 2027.
        private static func clockOfTheKernel(_ machine: Machine, _ readings: Collected) async throws {
            // Ours goes on beside it.
            try await machine.shell.run("echo ds1338 0x68 > /sys/bus/i2c/devices/i2c-0/new_device")
            try await readings.wait(for: ["zero-68/time": 0...(.infinity)])
            let before = try #require(await readings.values["zero-68/time"])
            let text = try await machine.shell.run("cd /sys/class/rtc/rtc0 && cat name since_epoch /proc/uptime")
            let words = text.split(whereSeparator: \.isWhitespace)
            try #require(words.count == 5 && words[0] == "rtc-ds1307" && words[1] == "0-0068", "\(text)")
            let time = try #require(Double(words[2]))
            let uptime = try #require(Double(words[3]))
            #expect(before <= time)
            // A sample says first when it was begun: the next time is of one that was begun behind the kernel's.
            try await readings.wait(for: ["zero-68/asked": (uptime + 1)...(.infinity)])
            try await readings.wait(for: ["zero-68/time": 0...(.infinity)])
            let after = try #require(await readings.values["zero-68/time"])
            #expect(time <= after)
        }

        /// Of the app and its cell.
        private static func processes(_ machine: Machine) async throws -> Set<Substring> {
            Set(try await machine.shell.run("pidof BusStation").split(whereSeparator: \.isWhitespace))
        }

        /// A GPS, once a second.
        private static func speak(on line: LineSocket?) async throws {
            while true {
                try line?.send("$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r")
                try line?.send("$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r")
                try await Task.sleep(for: .seconds(1))
            }
        }
    }
}

/// The readings of all sensors, by sensor and quantity ("zero-4a/temperature"); a truth value counts as 0 or 1.
private actor Collected {
    private let machine: Machine
    /// The last of each.
    private(set) var values: [String: Double] = [:]
    /// All since the last ``forget()``.
    private(set) var history: [String: [Double]] = [:]

    init(_ machine: Machine) { self.machine = machine }

    /// Waits until each of some values was within its range at least once since the call.
    func wait(for expected: [String: ClosedRange<Double>]) async throws {
        var missing = expected
        let end = ContinuousClock.now + machine.deadline
        do {
            while !missing.isEmpty {
                let record = try await machine.readings.next("of \(expected.keys.sorted())") { _ in true }
                guard ContinuousClock.now < end else { throw FwtoolError("not all readings came in time") }
                let name = record.name.split(separator: "/").suffix(2).joined(separator: "/")
                let value: Double
                switch record.value {
                case .number(let number): value = number
                case .bool(let flag): value = flag ? 1 : 0
                case .string: continue
                }
                values[name] = value
                history[name, default: []].append(value)
                if missing[name]?.contains(value) == true { missing[name] = nil }
            }
        } catch {
            Issue.record("missing: \(missing), last: \(missing.keys.map { ($0, values[$0]) })")
            throw error
        }
    }

    func forget() { history = [:] }

    /// How many ticks of a second each sensor missed since the last ``forget()``.
    var missedTicks: [String: Int] {
        var missed: [String: Int] = [:]
        for (name, times) in history where name.hasSuffix("/asked") {
            guard let first = times.first, let last = times.last else { continue }
            missed[String(name.dropLast(6))] = Int((last - first).rounded()) - (times.count - 1)
        }
        return missed
    }
}

import Testing

@testable import fwtool

extension SystemTests {
    /// From the card through U-Boot, kernel and app to the broker, over USB network. QEMU's model of this board has no
    /// I2C: transfers time out.
    @Suite struct RaspberryPi4Tests {
        @Test func gpioReadingsArriveAndTheMissingBusDisturbsNobody() async throws {
            try await Machine.boot("rpi4") { machine in
                let button = try await machine.readings.next(from: "button-GPIO17")
                guard case .bool = button.value else {
                    Issue.record("a button's reading is true or false, not \(button.value)")
                    return
                }
                try await machine.emulator.console.wait(
                    for: "tmp102-0x48 failed: the transfer with address 0x48 on /dev/i2c-1 timed out",
                    deadline: machine.deadline)

                let shell = machine.shell
                // After the third time-out in a row.
                let hung = try await shell.run(
                    "until apus sensors | grep '^/dev/i2c-1 hangs, '; do usleep 200000; done")
                #expect(hung.contains("transfers timed out: a device holds its clock or data line"))
                try await shell.run("mount -t debugfs none /sys/kernel/debug")
                let chips = try await shell.run("cat /sys/kernel/debug/gpio")
                #expect(chips.contains("pinctrl-bcm2711"))
                // The heartbeat's line is an output that changes; the loop ends when both levels have been seen.
                try await shell.run(
                    "for level in hi lo; do until grep 'GPIO27' /sys/kernel/debug/gpio | grep -q \"out $level\"; "
                        + "do usleep 50000; done; done")
                #expect(try await shell.run("ip addr show dev eth0").contains("10.0.2.15"))
            }
        }
    }
}

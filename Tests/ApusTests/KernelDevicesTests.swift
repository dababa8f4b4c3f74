import Hardware
import Sensors
import Testing
import Threads

@testable import Apus

@Suite(.timeLimit(.minutes(10)))
struct KernelDevicesTests {
    private let tree = SimulatedSysfs()

    /// - Returns: what was logged.
    private func add(_ devices: String) async -> [String] {
        let log = Lock<[String]>([])
        for bus in [0, 1] {
            tree.onWrite("bus/i2c/devices/i2c-\(bus)/new_device") { tree, text in
                if text == "lm75 0x49" { return "Device or resource busy" }
                let parts = text.split(separator: " ")
                let folder = "bus/i2c/devices/\(bus)-00\(parts[1].dropFirst(2))"
                tree[folder + "/name"] = String(parts[0])
                if parts[0] != "absent" { tree.link(folder + "/driver", to: String(parts[0])) }
                return nil
            }
        }
        let config = Configuration([
            "kernel-devices": devices, "i2c.i2c-1": "/dev/i2c-1", "i2c.header": "/dev/i2c-0", "i2c.odd": "/dev/odd",
        ])
        await KernelDevices(config).add(on: SysfsPort(simulated: tree)) { line in log.withLock { $0.append(line) } }
        return log.withLock { $0 }
    }

    @Test func theKernelIsToldOfEach() async {
        let lines = await add("i2c-1:0x4a:lm75, header:104:ds1338, i2c-1:0x4c:absent")
        #expect(tree["bus/i2c/devices/1-004a/name"] == "lm75")
        #expect(tree["bus/i2c/devices/0-0068/name"] == "ds1338")
        #expect(
            lines == [
                "lm75 of the kernel has 1-004a", "ds1338 of the kernel has 0-0068",
                "no driver of the kernel has taken 1-004c: the chip is absent, or absent has no module; a sensor of the "
                    + "kernel's there asks again",
            ])
    }

    @Test(arguments: [
        ("i2c-1:0x4a", "BUS:ADDRESS:DRIVER"), ("i2c-1:0x4a:", "BUS:ADDRESS:DRIVER"),
        ("i2c-1:0x4a:lm75:1", "BUS:ADDRESS:DRIVER"), ("i2c-7:0x4a:lm75", "the board has no I2C bus i2c-7"),
        ("odd:0x4a:lm75", "/dev/odd does not end in the number of a bus"),
        ("i2c-1:0x80:lm75", "\"0x80\" is not the address"), ("i2c-1:+5:lm75", "\"+5\" is not the address"),
        ("i2c-1:0x49:lm75", "Device or resource busy"),
    ]) func whatIsWrongWithOneIsSaidAndTheNextFollows(text: String, message: String) async throws {
        let lines = await add("\(text),i2c-1:0x4b:tmp102")
        try #require(lines.count == 2)
        #expect(lines[0].hasPrefix("kernel-devices, \"\(text)\": ") && lines[0].contains(message), "\(lines[0])")
        #expect(tree["bus/i2c/devices/1-004b/name"] == "tmp102")
    }
}

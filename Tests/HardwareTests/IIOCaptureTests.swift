import Glibc
import Testing

@testable import Hardware

/// Buffered capture; the kernel's device node is a pipe here.
@Suite(.timeLimit(.minutes(10)))
struct IIOCaptureTests {
    // Documentation/ABI/testing/sysfs-bus-iio and iio_devbuf.rst: the types of their examples, and the widest.
    @Test(
        arguments: [
            ("le:s12/16>>4", [0xF0, 0x7F], 2047), ("le:s12/16>>4", [0x0F, 0x80], -2048),
            ("be:s12/16>>4", [0xFF, 0xF0], -1),
            ("le:u8/8>>0", [0xFF], 255), ("be:u10/16>>6", [0x80, 0x3F], 512),
            ("le:s24/32>>8", [0xAA, 0xFF, 0xFF, 0xFF], -1),
            ("le:s64/64>>0", [1, 0, 0, 0, 0, 0, 0, 0x80], -9_223_372_036_854_775_808),
            ("be:u64/64>>0", [0x80, 0, 0, 0, 0, 0, 0, 0], 9_223_372_036_854_775_808), ("le:u1/8>>7", [0x80], 1),
        ] as [(String, [UInt8], Double)])
    func numbersAreTakenOutOfTheirBytes(text: String, bytes: [UInt8], value: Double) throws {
        let type = try #require(IIOScanType(text))
        #expect(type.bytes == bytes.count)
        #expect(type.value(bytes) == value)
    }

    @Test(arguments: [
        "", "le", "le:", "xe:s12/16>>4", "le:x12/16>>4", "le:s/16>>4", "le:s12/16", "le:s12/16>>", "le:s12/16>>5",
        "le:s0/16>>0", "le:s12/12>>0", "le:s65/64>>0", "le:s12/16X2>>4", "le:s12/16>>4 ", "le:s-1/16>>4",
        "le:s12/128>>0",
        "le:s999999999999999999999/16>>0", "le:s12/16>>99",
    ])
    func otherTypesAreNone(text: String) {
        #expect(IIOScanType(text) == nil)
    }

    @Test func elementsAreAlignedToTheirSize() throws {
        let byte = try #require(IIOScanType("le:u8/8>>0"))
        let word = try #require(IIOScanType("le:u16/16>>0"))
        let time = try #require(IIOScanType("le:s64/64>>0"))
        #expect(IIOScanLayout([byte, word, byte]).offsets == [0, 2, 4])
        #expect(IIOScanLayout([byte, word, byte]).size == 6)
        #expect(IIOScanLayout([word, word, word, time]).offsets == [0, 2, 4, 8])
        #expect(IIOScanLayout([word, word, word, time]).size == 16)
        #expect(IIOScanLayout([byte]).size == 1)
        #expect(IIOScanLayout([]).size == 1)
        #expect(IIOScanLayout([byte, word]).values([1, 9, 0x02, 0x01]) == [1, 258])
    }

    private let tree = SimulatedSysfs()
    private let folder = "bus/iio/devices/iio:device0"

    private func addAccelerometer() {
        for (name, content) in [
            ("name", "adxl345"), ("in_accel_x_raw", "0"), ("in_accel_z_raw", "0"), ("in_accel_scale", "0.5"),
            ("in_temp_raw", "0"), ("in_temp_scale", "1000"), ("in_temp_offset", "2"), ("buffer/enable", "1"),
            ("buffer/length", "2"), ("trigger/current_trigger", ""), ("scan_elements/in_accel_x_en", "0"),
            ("scan_elements/in_accel_x_index", "1"), ("scan_elements/in_accel_x_type", "le:s13/16>>0"),
            ("scan_elements/in_accel_z_en", "0"), ("scan_elements/in_accel_z_index", "0"),
            ("scan_elements/in_accel_z_type", "be:s13/16>>3"), ("scan_elements/in_temp_en", "0"),
            ("scan_elements/in_temp_index", "2"), ("scan_elements/in_temp_type", "le:u8/8>>0"),
            ("scan_elements/in_timestamp_en", "1"), ("scan_elements/in_timestamp_index", "3"),
            ("scan_elements/in_timestamp_type", "le:s64/64>>0"),
        ] { tree["\(folder)/\(name)"] = content }
    }

    @Test func scansComeInOrderUntilTheDeviceIsGone() async throws {
        var template = Array("/tmp/iio.XXXXXX".utf8CString)
        let devices = String(cString: try #require(mkdtemp(&template)))
        let node = "\(devices)/iio:device0"
        #expect(mkfifo(node, 0o600) == 0)
        defer {
            remove(node)
            remove(devices)
        }
        addAccelerometer()
        let sysfs = try Sysfs(simulated: tree)
        // Without a writer a pipe is a device that is gone.
        let pipe = open(node, O_RDWR | O_NONBLOCK)
        let capture = try await IIOCapture(
            "adxl345", kinds: [.acceleration], trigger: "sysfstrig1", length: 64, on: sysfs, devices: devices)
        #expect(capture.channels.map(\.part) == ["z", "x"])
        for (name, content) in [
            ("buffer/enable", "1"), ("buffer/length", "64"), ("trigger/current_trigger", "sysfstrig1"),
            ("scan_elements/in_accel_x_en", "1"), ("scan_elements/in_accel_z_en", "1"),
            ("scan_elements/in_temp_en", "0"),
            ("scan_elements/in_timestamp_en", "0"),
        ] { #expect(tree["\(folder)/\(name)"] == content, "\(name)") }
        // z: 100 and -1 before the shift by 3; x: 3 and -4. The second scan in two parts.
        #expect(write(pipe, [0x03, 0x20, 0x03, 0x00, 0xFF] as [UInt8], 5) == 5)
        var scans = capture.scans.makeAsyncIterator()
        let first = try #require(try await scans.next())
        #expect(first.values == [50, 1.5])
        #expect(write(pipe, [0xF8, 0xFC, 0xFF] as [UInt8], 3) == 3)
        let second = try #require(try await scans.next())
        #expect(second.values == [-0.5, -2])
        #expect(second.time >= first.time)
        close(pipe)
        await #expect(throws: SysfsError.absent(path: node)) { try await scans.next() }
        await capture.stop()
        #expect(tree["\(folder)/buffer/enable"] == "0")
    }

    @Test func stoppingEndsTheScansAndTheDevice() async throws {
        addAccelerometer()
        let sysfs = try Sysfs(simulated: tree)
        // A node that never has anything to read.
        let capture = try await openCapture(sysfs)
        await capture.stop()
        await capture.stop()
        for try await _ in capture.scans { Issue.record("nothing came") }
        #expect(tree["\(folder)/buffer/enable"] == "0")
    }

    private func openCapture(
        _ sysfs: Sysfs, _ name: String = "adxl345", _ kinds: Set<KernelSensor.Kind> = [.acceleration, .temperature],
        trigger: String? = nil
    ) async throws -> IIOCapture {
        var template = Array("/tmp/iio.XXXXXX".utf8CString)
        let devices = String(cString: try #require(mkdtemp(&template)))
        let node = "\(devices)/iio:device0"
        #expect(mkfifo(node, 0o600) == 0)
        defer {
            remove(node)
            remove(devices)
        }
        return try await IIOCapture(name, kinds: kinds, trigger: trigger, on: sysfs, devices: devices)
    }

    @Test func aTriggerThatThereIsNotIsNamed() async throws {
        addAccelerometer()
        let file = "\(folder)/trigger/current_trigger"
        // As the kernel: it takes every name, and says none where it knows no such trigger.
        tree.onWrite(file) { _, _ in
            nil
        } reading: { name in
            name == "sysfstrig1" ? name : ""
        }
        let sysfs = try Sysfs(simulated: tree)
        let error = await #expect(throws: SysfsError.self) {
            try await openCapture(sysfs, "adxl345", [.acceleration], trigger: "sysfstrig7")
        }
        #expect(error == .invalidValue(path: "simulated/\(file)", reason: "there is no trigger \"sysfstrig7\""))
        let capture = try await openCapture(sysfs, "adxl345", [.acceleration], trigger: "sysfstrig1")
        await capture.stop()
    }

    @Test func whatCannotBeCapturedIsTold() async throws {
        addAccelerometer()
        let sysfs = try Sysfs(simulated: tree)
        let none = await #expect(throws: SysfsError.self) {
            try await openCapture(sysfs, "adxl345", [.pressure])
        }
        #expect(none?.description.contains("captures nothing of what is wanted") == true)
        // As one that another capture has open, which goes on.
        tree["\(folder)/buffer/enable"] = "1"
        let noNode = await #expect(throws: SysfsError.self) {
            try await IIOCapture("adxl345", kinds: [.acceleration], on: sysfs, devices: "/tmp/none")
        }
        #expect(noNode?.description == "cannot open /tmp/none/iio:device0: No such file or directory")
        #expect(tree["\(folder)/buffer/enable"] == "1")
        tree["\(folder)/scan_elements/in_accel_x_type"] = "le:s13/16X2>>0"
        await #expect(throws: SysfsError.self) { try await openCapture(sysfs, "adxl345", [.acceleration]) }
        await #expect(throws: SysfsError.self) { try await openCapture(sysfs, "bmp280", [.acceleration]) }
    }
}

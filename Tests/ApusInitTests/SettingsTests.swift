import Foundation
import Testing

@testable import apus_init

struct SettingsTests {
    @Test func laterFilesWinAndOtherLinesAreIgnored() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("settings-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = folder.appendingPathComponent("first").path
        let second = folder.appendingPathComponent("second").path
        try "# remark=1\nboard=rpi4\nbroker=a=b\n\nnonsense\n".write(toFile: first, atomically: true, encoding: .utf8)
        try "board=virt\n".write(toFile: second, atomically: true, encoding: .utf8)
        var settings = Settings()
        settings.read(first)
        settings.read(second)
        settings.read(folder.appendingPathComponent("absent").path)
        #expect(settings["board"] == "virt")
        #expect(settings["broker"] == "a=b")
        #expect(settings["# remark"] == nil)
    }

    @Test func driversOfKernelDevicesAreFoundByTheirAliases() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("settings-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try "kernel-devices=i2c-1:0x4a:lm75, a:1, , i2c-0:0x76:dps310 ,i2c-0:1:\n".write(
            to: file, atomically: true, encoding: .utf8)
        var settings = Settings()
        #expect(settings.kernelDeviceAliases == [])
        settings.read(file.path)
        #expect(settings.kernelDeviceAliases == ["i2c:lm75", "i2c:dps310"])
    }

    @Test func aHugeFileIsReadInPart() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("settings-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(repeating: 65, count: 1 << 20).write(to: file)
        #expect(Settings.bytes(of: file.path).count == 65536)
    }
}

import Foundation
import Testing

@testable import Device

struct IdentityTests {
    /// A root folder with the given files, and `device` folders for the interfaces that are physical.
    private func withRoot(_ files: [String: [UInt8]], physical: [String] = [], _ body: (String) throws -> Void) throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        for (path, content) in files {
            let file = root.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content).write(to: file)
        }
        for interface in physical {
            try FileManager.default.createDirectory(
                at: root.appendingPathComponent("sys/class/net/\(interface)/device"), withIntermediateDirectories: true)
        }
        try body(root.path)
    }

    private let serial = ["proc/device-tree/serial-number": Array("10000000a1b2c3d4\0".utf8)]

    private let interfaces = [
        "sys/class/net/lo/address": Array("00:00:00:00:00:00\n".utf8),
        "sys/class/net/br0/address": Array("02:42:ac:11:00:02\n".utf8),
        "sys/class/net/wlan0/address": Array("b8:27:eb:00:00:02\n".utf8),
        "sys/class/net/eth0/address": Array("b8:27:eb:00:00:01\n".utf8),
    ]

    @Test func theConfiguredNameComesFirst() throws {
        try withRoot(serial) { #expect(Identity.resolve(configured: "shed", root: $0) == "shed") }
    }

    @Test(arguments: [nil, "", "##"]) func thenTheSerialNumber(configured: String?) throws {
        try withRoot(serial.merging(interfaces) { $1 }, physical: ["eth0"]) { root in
            #expect(Identity.resolve(configured: configured, root: root) == "10000000a1b2c3d4")
        }
    }

    @Test func thenTheFirstPhysicalInterface() throws {
        try withRoot(interfaces, physical: ["wlan0", "eth0"]) { root in
            #expect(Identity.resolve(configured: nil, root: root) == "b8-27-eb-00-00-01")
        }
        try withRoot(interfaces, physical: ["wlan0"]) { root in
            #expect(Identity.resolve(configured: nil, root: root) == "b8-27-eb-00-00-02")
        }
    }

    @Test(arguments: ["0000000000000000\0", "\0", ""]) func aSerialNumberNobodySetIsNone(content: String) throws {
        let files = interfaces.merging(["proc/device-tree/serial-number": Array(content.utf8)]) { $1 }
        try withRoot(files, physical: ["eth0"]) { root in
            #expect(Identity.resolve(configured: nil, root: root) == "b8-27-eb-00-00-01")
        }
    }

    @Test func thenTheHostName() throws {
        try withRoot(interfaces) { root in
            let name = ProcessInfo.processInfo.hostName
            let expected = Identity.topicLevel(String(name.prefix { $0 != "." }))
            #expect(Identity.resolve(configured: nil, root: root).hasPrefix(expected ?? "apus"))
        }
    }

    @Test(
        arguments: [
            ("weather/station+1#", "weather-station-1-"), ("größe", "gr--e"), ("-.über", "ber"), (" _a", "a"),
            ("a\u{0}b\nc", "a-b-c"),
            ("Pi_4.garden-7", "Pi_4.garden-7"), (String(repeating: "x", count: 500), String(repeating: "x", count: 64)),
            ("", nil), ("///", nil),
        ] as [(String, String?)]) func namesBecomeOneTopicLevel(name: String, level: String?)
    {
        #expect(Identity.topicLevel(name) == level)
    }
}

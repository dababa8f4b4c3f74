import Foundation
import Testing

@testable import fwtool

@Suite struct EmulatorDeviceTreeTests {
    static let source = """
        /dts-v1/;
        / {
            aliases { };
            soc {
                i2c@10 { status = "okay"; clock = <5>; };
                i2c@20 { status = "okay"; clock = <6>; };
                mmc@30 { non-removable; wifi@1 { reg = <1>; }; other { }; };
            };
        };
        """

    /// Applies edits to the tree above and returns the result as source text.
    static func edited(_ edits: DeviceTreeEdit...) throws -> String {
        let target = FileManager.default.temporaryDirectory.appendingPathComponent("tree")
        return try TemporaryFolder.with(beside: target) { folder in
            let file = folder.appendingPathComponent("a.dtb")
            try Command("dtc", ["-q", "-O", "dtb", "-o", file.path, "-"]).run(input: Data(source.utf8))
            try DeviceTree(file: file).apply(edits)
            return try Command("dtc", ["-q", "-I", "dtb", "-O", "dts", file.path]).run()
        }
    }

    static func edit(
        _ node: String, set: [String: DeviceTreeEdit.Value] = [:], delete: [String] = [], children: Bool = false
    ) -> DeviceTreeEdit {
        DeviceTreeEdit(node: node, set: set, delete: delete, deletesChildren: children)
    }

    @Test func aPatternReachesEveryNode() throws {
        let text = try Self.edited(Self.edit("/soc/i2c@*", set: ["status": .string("disabled")]))
        #expect(text.components(separatedBy: "status = \"disabled\"").count == 3)
        #expect(!text.contains("okay"))
    }

    @Test func propertiesOfEveryKindAreSet() throws {
        let text = try Self.edited(
            Self.edit("/soc/i2c@10", set: ["label": .string("a b"), "clock": .cell(0xFFFF_FFFF), "broken-cd": .flag]))
        #expect(text.contains("label = \"a b\""))
        #expect(text.contains("clock = <0xffffffff>"))
        #expect(text.contains("broken-cd;"))
    }

    @Test func aNodeIsMadeOnce() throws {
        var edit = Self.edit("/soc/spi@40", set: ["reg": .cells([.number(64), .number(1)])])
        edit.creates = true
        let text = try Self.edited(edit, edit)
        #expect(text.components(separatedBy: "spi@40 {").count == 2)
        #expect(text.contains("reg = <0x40 0x01>"))
    }

    @Test func aCellRefersToAnotherNode() throws {
        let text = try Self.edited(
            Self.edit("/soc/i2c@10", set: ["phandle": .cell(7)]),
            Self.edit("/soc/i2c@20", set: ["gpios": .cells([.reference("/soc/i2c@10"), .number(4), .number(0)])]))
        #expect(text.contains("gpios = <0x07 0x04 0x00>"))
        #expect { try Self.edited(Self.edit("/soc", set: ["a": .cells([.reference("/aliases")])])) } throws: {
            "\($0)".contains("fdtget failed")
        }
    }

    @Test func propertiesAndChildrenAreDeleted() throws {
        let text = try Self.edited(Self.edit("/soc/mmc@30", delete: ["non-removable"], children: true))
        #expect(!text.contains("non-removable"))
        #expect(!text.contains("wifi@1"))
        #expect(!text.contains("other"))
        #expect(text.contains("mmc@30"))
    }

    @Test func aNodeThatIsNotThereIsAnError() {
        #expect { try Self.edited(Self.edit("/soc/spi@*", set: ["a": .flag])) } throws: {
            "\($0)".contains("has no node /soc/spi@*")
        }
    }

    @Test func aPropertyToDeleteThatIsNotThereIsAnError() {
        #expect { try Self.edited(Self.edit("/soc/i2c@*", delete: ["non-removable"])) } throws: {
            "\($0)".contains("fdtput failed")
        }
    }

    @Test func aFileThatIsNoTreeIsAnError() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tree-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("no tree".utf8).write(to: file)
        #expect { try DeviceTree(file: file).apply([Self.edit("/soc", set: ["a": .flag])]) } throws: {
            "\($0)".contains("fdtget failed")
        }
    }
}

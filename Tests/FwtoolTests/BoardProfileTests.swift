import Foundation
import Testing

@testable import fwtool

@Suite struct BoardProfileTests {
    /// The profiles of this checkout.
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("BoardProfiles")

    /// A complete profile of few lines; tests replace one line of it.
    static let minimal = """
        name: demo
        title: Demo board
        packages: {suite: trixie, components: [main]}
        kernel: {package: linux-image-arm64, memory-start: 0x40000000, console: ttyS0}
        boot:
          card: mmc
          files:
            - {package: u-boot-demo, path: usr/lib/u-boot/demo/u-boot.bin}
            - package: linux-image-arm64
              path: usr/lib/linux-image-*/demo.dtb
        modules:
          initramfs: {erofs: "root"}
          root: {ext4: "data"}
        partitions: {boot: 64, slot: 256, data: 64}
        gpio: {label: demo-gpio, lines: 8}
        """

    static func decode(_ text: String) throws -> BoardProfile {
        try BoardProfile(text: text, file: "demo.yaml")
    }

    /// The refusal of the minimal profile with one text replaced by another.
    static func refusal(replacing old: String, with new: String) -> String {
        #expect(minimal.contains(old))
        return refusal(of: minimal.replacingOccurrences(of: old, with: new))
    }

    static func refusal(of text: String) -> String {
        do {
            _ = try decode(text)
            Issue.record("accepted: \(text)")
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func theMinimalProfileIsRead() throws {
        let profile = try Self.decode(Self.minimal)
        #expect(profile.name == "demo")
        #expect(profile.boot.files.map(\.name) == ["u-boot.bin", "demo.dtb"])
        #expect(profile.modules.initramfs == [.init(name: "erofs", reason: "root")])
        #expect(profile.kernel.memoryStart == 0x4000_0000)
        #expect(profile.partitions == .init(boot: 64, slot: 256, data: 64))
        #expect(profile.buses.isEmpty)
        #expect(profile.emulation == nil)
    }

    @Test(arguments: ["rpi3", "rpi4", "virt"])
    func everyProfileOfOursIsRead(_ name: String) throws {
        let profile = try BoardCatalog(directory: Self.directory).profile(name)
        #expect(profile.name == name)
        #expect(profile.modules.initramfs.contains { $0.name == "erofs" })
        #expect((profile.modules.initramfs + profile.modules.root).contains { $0.name == "ext4" })
        #expect(profile.emulation != nil)
        #expect((profile.boot.config == nil) == (name == "virt"))
    }

    @Test func theHeaderAndTheKernelsArgumentsAreRead() throws {
        let text = Self.minimal.replacingOccurrences(of: "lines: 8", with: "lines: 8, header: {3: 2, 5: 7}")
            .replacingOccurrences(of: "ttyS0}", with: "ttyS0, arguments: [module.parameter=1, quiet]}")
        let profile = try Self.decode(text)
        #expect(profile.gpio.header == [.init(number: 3, line: 2), .init(number: 5, line: 7)])
        #expect(profile.kernel.arguments == ["module.parameter=1", "quiet"])
    }

    @Test func kernelDevicesAndOptionsAreRead() throws {
        let profile = try Self.decode(
            Self.minimal.replacingOccurrences(
                of: "root: {ext4: \"data\"}", with: "root: {}\n  on-demand: {lm75: \"x\"}") + """

                    buses: {i2c: {header: /dev/i2c-1}}
                    kernel-devices: [{bus: header, address: 0x4a, driver: lm75}]
                    options:
                      w1: [{node: /onewire, create: true, set: {gpios: [/soc/gpio, 4, 0]}}]
                    """)
        #expect(profile.modules.onDemand == [.init(name: "lm75", reason: "x")])
        #expect(profile.kernelDevices == [.init(bus: "header", address: 0x4A, driver: "lm75")])
        #expect(profile.kernelDevices[0].hexadecimalAddress == "0x4a")
        let edit = try #require(profile.options.first?.edits.first)
        #expect(edit.creates && edit.set == ["gpios": .cells([.reference("/soc/gpio"), .number(4), .number(0)])])
    }

    /// The options change every tree of the board; what they refer to is there.
    @Test func anOptionTheBoardLacksIsRefused() throws {
        let profile = try BoardCatalog(directory: Self.directory).profile("rpi3")
        #expect(
            try CardOptions.parse(["--with", "w1", "--with", "spi0"]).options(of: profile).map(\.name) == [
                "w1", "spi0",
            ])
        #expect { try CardOptions.parse(["--with", "spi9"]).options(of: profile) } throws: {
            "\($0)" == "the board rpi3 has no option 'spi9'; its options: spi0, uart0, w1, pwm"
        }
    }

    /// A Pi's header has 28 lines, each once.
    @Test(arguments: ["rpi3", "rpi4"]) func aPisHeaderIsWhole(_ name: String) throws {
        let header = try BoardCatalog(directory: Self.directory).profile(name).gpio.header
        #expect(Set(header.map(\.line)) == Set(0...27))
        #expect(Set(header.map(\.number)).count == 28)
        #expect(Set(1...40).subtracting(header.map(\.number)) == [1, 2, 4, 6, 9, 14, 17, 20, 25, 30, 34, 39])
    }

    @Test func modulesKeepTheOrderOfTheFile() throws {
        let text = Self.minimal.replacingOccurrences(of: "{erofs: \"root\"}", with: "{z: \"1\", a: \"2\", m: \"3\"}")
        #expect(try Self.decode(text).modules.initramfs.map(\.name) == ["z", "a", "m"])
    }

    @Test func sharedEditsAreReadFromAnAnchor() throws {
        let rpi3 = try BoardCatalog(directory: Self.directory).profile("rpi3")
        let trees = rpi3.boot.files.filter { $0.name.hasSuffix(".dtb") }
        #expect(trees.count == 4)
        #expect(Set(trees.map(\.edits.count)) == [2])
        #expect(
            trees[0].edits[1]
                == DeviceTreeEdit(
                    node: "/aliases",
                    set: [
                        "i2c0": .string("/soc/i2c@7e205000"), "i2c1": .string("/soc/i2c@7e804000"),
                        "i2c2": .string("/soc/i2c@7e805000"),
                    ],
                    delete: [], deletesChildren: false))
    }

    // MARK: - Refusals: file, line, column, what, remedy

    @Test func anUnknownKeyIsRefusedWithTheNearest() {
        #expect(
            Self.refusal(replacing: "title:", with: "titel:")
                == "demo.yaml:2:1: unknown key 'titel' in the file; did you mean 'title'?")
        #expect(
            Self.refusal(replacing: "  card:", with: "  wheels:")
                == "demo.yaml:6:3: unknown key 'wheels' in 'boot'; known keys: card, files, config")
    }

    @Test func aMissingKeyIsRefused() {
        #expect(
            Self.refusal(replacing: "title: Demo board\n", with: "").hasPrefix(
                "demo.yaml:1:1: the file has no key 'title'"))
        #expect(
            Self.refusal(replacing: ", console: ttyS0", with: "").hasPrefix(
                "demo.yaml:4:9: 'kernel' has no key 'console'"))
    }

    @Test func aKeyGivenTwiceIsRefused() {
        let text = Self.refusal(replacing: "title: Demo board", with: "title: Demo board\ntitle: Other")
        #expect(text.hasPrefix("demo.yaml:2:1: the key 'title' is given twice"))
        let module = Self.refusal(replacing: "{erofs: \"root\"}", with: "{erofs: \"root\", erofs: \"again\"}")
        #expect(module.contains("the key 'erofs' is given twice"))
    }

    @Test(arguments: [
        ("title: Demo board", "title: 3", "demo.yaml:2:8: 'title' must be text, not the value 3; put it in quotes"),
        ("title: Demo board", "title: no", "demo.yaml:2:8: 'title' must be text, not the truth value no"),
        ("title: Demo board", "title: [a]", "demo.yaml:2:8: 'title' must be text, not a list"),
        ("title: Demo board", "title:", "demo.yaml:2:7: 'title' must be text, not nothing"),
        ("title: Demo board", "title: \"\"", "demo.yaml:2:8: 'title' is empty"),
        ("components: [main]", "components: main", "'packages.components' must be a list, not the text 'main'"),
        ("components: [main]", "components: []", "at least one component is needed"),
        ("boot: 64", "boot: big", "'partitions.boot' must be a whole number, not the text 'big'"),
        ("boot: 64", "boot: 64.5", "'partitions.boot' must be a whole number, not the value 64.5"),
        ("boot: 64", "boot: 99999999999999999999999", "'partitions.boot' must be a whole number"),
        ("gpio: {label: demo-gpio, lines: 8}", "gpio: demo", "'gpio' must be a mapping (key: value), not the text"),
        ("card: mmc", "card: {mmc: 1}", "'boot.card' must be text, not a mapping"),
    ])
    func anIllTypedValueIsRefused(_ old: String, _ new: String, _ expected: String) {
        #expect(Self.refusal(replacing: old, with: new).contains(expected))
    }

    @Test(arguments: [
        ("name: demo", "name: Demo_1", "'name' is 'Demo_1', but may hold lower-case letters, digits and hyphens only"),
        ("boot: 64", "boot: 15", "'partitions.boot' is 15, but must be from 16 to 2048"),
        ("slot: 256", "slot: -1", "'partitions.slot' is -1, but must be from 32 to 8192"),
        ("data: 64", "data: 1048577", "'partitions.data' is 1048577, but must be"),
        ("lines: 8", "lines: 0", "'gpio.lines' is 0, but must be from 1 to 1024"),
        ("lines: 8", "lines: 8, header: {3: 8}", "'gpio.header.3' is 8, but must be from 0 to 7"),
        ("lines: 8", "lines: 8, header: {GPIO3: 1}", "a pin of the header is a number from 1, not 'GPIO3'"),
        ("lines: 8", "lines: 8, header: {03: 1}", "a pin of the header is a number from 1, not '03'"),
        ("ttyS0}", "ttyS0, arguments: [\"a;b\"]}", "letters, digits and , . _ - ="),
        ("card: mmc", "card: mcm", "'boot.card' is 'mcm', but must be mmc or virtio; did you mean 'mmc'?"),
        ("console: ttyS0", "console: \"ttyS0 init=/bin/sh\"", "may hold letters, digits, commas and hyphens only"),
        ("package: u-boot-demo", "package: \"--help; rm\"", "may hold lower-case letters, digits and + - . only"),
        ("suite: trixie", "suite: ../trixie", "'packages.suite' is '../trixie'"),
        ("usr/lib/u-boot/demo/u-boot.bin", "../../etc/shadow", "must be a path inside the package"),
        ("usr/lib/u-boot/demo/u-boot.bin", "/etc/shadow", "must be a path inside the package"),
        ("demo/u-boot.bin", "demo/*.bin", "'*.bin' cannot be a file name on the FAT partition; give a 'name'"),
        ("demo.dtb", "U-BOOT.BIN", "a second file is named 'U-BOOT.BIN'"),
        ("{erofs: \"root\"}", "{\"../erofs\": \"root\"}", "'../erofs' is no module name"),
        ("gpio:", "buses: {i2c: {i2c-1: i2c-1}}\ngpio:", "a bus is a device file below /dev, not 'i2c-1'"),
        ("gpio:", "buses: {usb: {}}\ngpio:", "unknown key 'usb' in 'buses'"),
        ("gpio:", "kernel-devices: [{bus: i2c-1, address: 8, driver: a}]\ngpio:", "'i2c-1' is no bus of 'buses.i2c'"),
        (
            "gpio:", "buses: {i2c: {b: /dev/b}}\nkernel-devices: [{bus: b, address: 7, driver: a}]\ngpio:",
            "is 7, but must be"
        ),
        (
            "gpio:", "buses: {i2c: {b: /dev/b}}\nkernel-devices: [{bus: b, address: 8, driver: \"a:b\"}]\ngpio:",
            "may hold"
        ),
        (
            "gpio:",
            "buses: {i2c: {b: /dev/b}}\nkernel-devices: [{bus: b, address: 8, driver: a0123456789012345678}]\ngpio:",
            "more than 19 characters"
        ),
        ("gpio:", "options: {spi: [{node: soc}]}\ngpio:", "'soc' is no absolute node path"),
    ])
    func aValueOutOfRangeIsRefused(_ old: String, _ new: String, _ expected: String) {
        let text = Self.refusal(replacing: old, with: new)
        #expect(text.contains(expected))
        #expect(text.hasPrefix("demo.yaml:"))
    }

    @Test(arguments: [
        ("{set: {a: b}}", "has no key 'node'"),
        ("{node: soc/i2c, set: {a: b}}", "'soc/i2c' is no absolute node path"),
        ("{node: /soc}", "this edit changes nothing"),
        ("{node: /soc, set: {a: false}}", "'a' must be text, a number (one cell), a list of cells or true"),
        ("{node: /soc, set: {a: [soc]}}", "a cell is a number or the path of a node, not 'soc'"),
        ("{node: /soc, set: {a: [-1]}}", "must be from 0 to 4294967295"),
        ("{node: /soc, set: {a: 4294967296}}", "must be from 0 to 4294967295"),
        ("{node: /soc, delete-childs: true}", "did you mean 'delete-children'?"),
    ])
    func aBadDeviceTreeEditIsRefused(_ edit: String, _ expected: String) {
        let text = Self.refusal(replacing: "demo.dtb", with: "demo.dtb\n      edits: [\(edit)]")
        #expect(text.contains(expected))
        #expect(text.hasPrefix("demo.yaml:11:"))
    }

    @Test func emulationTakesItsFilesFromTheBootFiles() throws {
        let emulation = """

            emulation:
              machine: raspi3b
              cpus: 4
              memory: 1024
              bootloader: {file: u-boot.bin, load-as: kernel}
              device-tree: {file: demo.dtb, edits: [{node: /soc, delete: [a], set: {b: 1, c: true}}]}
              console-serial: 1
              deadline: 60
            """
        let profile = try #require(try Self.decode(Self.minimal + emulation).emulation)
        #expect(profile.accelerator == "tcg")
        #expect(profile.deviceTree?.edits.first?.set == ["b": .cell(1), "c": .flag])
        let text = Self.refusal(
            of: Self.minimal + emulation.replacingOccurrences(of: "file: u-boot.bin", with: "file: uboot.bin"))
        #expect(text.hasPrefix("demo.yaml:20:22: no file 'uboot.bin' is listed under 'boot.files'"))
        #expect(text.hasSuffix("did you mean 'u-boot.bin'?"))
    }

    @Test(arguments: [
        ("", "demo.yaml:1:1: the file is empty"),
        ("# nothing\n", "demo.yaml:1:1: the file is empty"),
        ("- a\n- b\n", "demo.yaml:1:1: the file must be a mapping (key: value), not a list"),
        ("name: [", "this is no YAML"),
        ("a: b: c", "demo.yaml:1:5: this is no YAML"),
        ("\tname: x", "this is no YAML"),
        ("{[a]: b}", "a key in the file must be a word, not a list"),
        ("\u{1}", "this is no YAML"),
        (String(repeating: "[", count: 100_000), "this is no YAML"),
        ("a: &a [*a]", "demo.yaml"),
        ("a: *nowhere", "demo.yaml"),
    ])
    func whatIsNoProfileIsRefused(_ text: String, _ expected: String) {
        #expect(Self.refusal(of: text).contains(expected))
    }

    @Test func everyTruncationIsRefusedOrAProfile() {
        // No prefix may trap; what still decodes is a profile whose last keys were optional.
        let bytes = Array(Self.minimal.utf8)
        var refused = 0
        for count in 0..<bytes.count where (try? Self.decode(String(decoding: bytes[..<count], as: UTF8.self))) == nil {
            refused += 1
        }
        // The profile is complete but for its closing brace's neighbours only at the very end.
        #expect(refused >= bytes.count - 2)
    }

    @Test func aFileThatIsNoTextOrTooLargeIsRefused() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("profile-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data([0xFF, 0xFE, 0x80]).write(to: file)
        #expect { try BoardProfile(contentsOf: file) } throws: { "\($0)".contains("it is not UTF-8 text") }
        try Data(repeating: 0x20, count: YAMLNode.sizeLimit + 1).write(to: file)
        #expect { try BoardProfile(contentsOf: file) } throws: { "\($0)".contains("it is larger than") }
        try FileManager.default.removeItem(at: file)
        #expect { try BoardProfile(contentsOf: file) } throws: { "\($0)".contains("cannot be read") }
    }
}

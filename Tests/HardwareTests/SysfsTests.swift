import Glibc
import Testing

@testable import Hardware

/// The tree of files, of the kernel and simulated.
struct SysfsTests {
    /// A folder that looks like sysfs; gone with its owner.
    private final class Folder {
        let path: String
        private var made: [String] = []

        init() throws {
            var template = Array("/tmp/sysfs.XXXXXX".utf8CString)
            path = String(cString: try #require(mkdtemp(&template)))
        }

        deinit {
            for name in made.reversed() { remove("\(path)/\(name)") }
            remove(path)
        }

        func write(_ content: String, to name: String) {
            let parts = name.split(separator: "/")
            for count in 1..<max(parts.count, 1) {
                let folder = parts.prefix(count).joined(separator: "/")
                if mkdir("\(path)/\(folder)", 0o755) == 0 { made.append(folder) }
            }
            made.append(name)
            let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            #expect(Glibc.write(descriptor, content, content.utf8.count) == content.utf8.count)
            close(descriptor)
        }

        func link(_ name: String, to target: String) {
            #expect(symlink(target, "\(path)/\(name)") == 0)
            made.append(name)
        }

        func read(_ name: String) -> String {
            let descriptor = open("\(path)/\(name)", O_RDONLY)
            defer { close(descriptor) }
            var buffer = [UInt8](repeating: 0, count: 8192)
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
        }
    }

    @Test func readsAndWritesFiles() async throws {
        let folder = try Folder()
        let sysfs = try Sysfs(root: folder.path)
        folder.write("21500\n", to: "class/hwmon/hwmon0/temp1_input")
        folder.write("cpu thermal \n\n", to: "class/hwmon/hwmon0/name")
        #expect(try await sysfs.read("class/hwmon/hwmon0/name") == "cpu thermal")
        #expect(try await sysfs.number("class/hwmon/hwmon0/temp1_input") == 21_500)
        #expect(try await sysfs.integer("class/hwmon/hwmon0/temp1_input") == 21_500)
        #expect(try await sysfs.list("class/hwmon/hwmon0") == ["name", "temp1_input"])
        try await sysfs.write("7", to: "class/hwmon/hwmon0/name")
        #expect(folder.read("class/hwmon/hwmon0/name").hasPrefix("7"))
        folder.link("class/hwmon/hwmon0/device", to: "../../../devices/i2c-1/1-0048")
        #expect(await sysfs.linkTarget("class/hwmon/hwmon0/device") == "1-0048")
        #expect(await sysfs.linkTarget("class/hwmon/hwmon0/name") == nil)
        #expect(await sysfs.linkParent("class/hwmon/hwmon0/device") == "i2c-1")
        #expect(await sysfs.linkParent("class/hwmon/hwmon0/name") == nil)
        #expect(await sysfs.isReadable("class/hwmon/hwmon0/name"))
        #expect(await !sysfs.isReadable("class/hwmon"))
    }

    @Test func whatIsMissingIsNamed() async throws {
        let folder = try Folder()
        let sysfs = try Sysfs(root: folder.path)
        let error = await #expect(throws: SysfsError.self) { try await sysfs.read("class/leds/ACT/brightness") }
        #expect(
            error?.description == "there is no \(folder.path)/class/leds/ACT/brightness; "
                + "the device may be absent, or its driver not loaded")
        await #expect(throws: SysfsError.absent(path: "\(folder.path)/none")) { try await sysfs.list("none") }
        await #expect(throws: SysfsError.absent(path: "\(folder.path)/none")) { try await sysfs.write("1", to: "none") }
    }

    @Test(arguments: ["", "x", "nan", "inf", "1e999", "12 V", "0x"]) func whatIsNoNumberIsTold(content: String)
        async throws
    {
        let folder = try Folder()
        let sysfs = try Sysfs(root: folder.path)
        folder.write(content + "\n", to: "value")
        await #expect(
            throws: SysfsError.malformed(path: "\(folder.path)/value", expected: "a number", found: content)
        ) { try await sysfs.number("value") }
        await #expect(throws: SysfsError.self) { try await sysfs.integer("value") }
    }

    @Test func anEndlessFileIsRefused() async throws {
        let sysfs = try Sysfs(root: "/dev")
        let error = await #expect(throws: SysfsError.self) { try await sysfs.read("zero") }
        #expect(error?.description == "cannot read /dev/zero: it is longer than 4096 bytes")
        await #expect(throws: SysfsError.self) { try await sysfs.read("shm") }
        let full = await #expect(throws: SysfsError.self) { try await sysfs.write("1", to: "full") }
        #expect(full?.description == "cannot write \"1\" to /dev/full: No space left on device")
    }

    @Test func theSimulatedTreeIsLikeIt() async throws {
        let tree = SimulatedSysfs()
        let sysfs = try Sysfs(simulated: tree)
        tree["a/b/c"] = "1"
        tree["a/bc"] = "2"
        tree.link("a/b/device", to: "1-0048")
        #expect(try await sysfs.list("a") == ["b", "bc"])
        #expect(try await sysfs.list("a/b") == ["c", "device"])
        #expect(await sysfs.linkTarget("a/b/device") == "1-0048")
        try await sysfs.write("5", to: "a/bc")
        #expect(tree["a/bc"] == "5")
        await #expect(throws: SysfsError.absent(path: "simulated/a/new")) { try await sysfs.write("5", to: "a/new") }
        await #expect(throws: SysfsError.absent(path: "simulated/x")) { try await sysfs.list("x") }
        tree.script([.absent, .inputOutput, .slow(.milliseconds(1))], at: "a/bc")
        await #expect(throws: SysfsError.absent(path: "simulated/a/bc")) { try await sysfs.read("a/bc") }
        let error = await #expect(throws: SysfsError.self) { try await sysfs.write("6", to: "a/bc") }
        #expect(error?.description == "cannot write \"6\" to simulated/a/bc: Input/output error")
        #expect(try await sysfs.read("a/bc") == "5")
        tree.remove("a/b")
        #expect(try await sysfs.list("a") == ["bc"])
    }
}

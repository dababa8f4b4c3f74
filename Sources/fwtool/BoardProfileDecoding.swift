import Foundation

extension BoardProfile {
    /// Reads a profile.
    ///
    /// - Throws: `FwtoolError` as `FILE:LINE:COLUMN: WHAT` for a file that is absent, too large or no YAML, and for keys
    ///   that are unknown, missing, given twice, of the wrong type or out of range.
    init(contentsOf url: URL) throws {
        let data: Data
        do {
            let handle = try FileHandle(forReadingFrom: url)
            defer { try? handle.close() }
            data = try handle.read(upToCount: YAMLNode.sizeLimit + 1) ?? Data()
        } catch {
            throw FwtoolError("the board profile \(url.path) cannot be read: \(error.localizedDescription)")
        }
        guard data.count <= YAMLNode.sizeLimit else {
            throw FwtoolError("\(url.path) is no board profile: it is larger than \(YAMLNode.sizeLimit) bytes")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw FwtoolError("\(url.path) is no board profile: it is not UTF-8 text")
        }
        try self.init(text: text, file: url.path)
    }

    /// - Parameter file: names the text in error messages.
    init(text: String, file: String) throws {
        let top = try YAMLNode(text: text, file: file).fields(
            "name", "title", "models", "packages", "kernel", "boot", "modules", "partitions", "gpio", "buses",
            "kernel-devices", "options", "emulation")
        name = try top.required("name").string(where: "lower-case letters, digits and hyphens") {
            $0.isLowerLetterOrDigit || $0 == "-"
        }
        title = try top.required("title").string()
        models = try top.optional("models")?.elements().map { try $0.string() } ?? []
        packages = try Packages(top.required("packages"))
        kernel = try Kernel(top.required("kernel"))
        boot = try Boot(top.required("boot"))
        modules = try Modules(top.required("modules"))
        partitions = try Partitions(top.required("partitions"))
        gpio = try GPIO(top.required("gpio"))
        buses = try top.optional("buses").map(BoardProfile.buses) ?? []
        kernelDevices =
            try top.optional("kernel-devices")?.elements().map { [buses] in try KernelDevice($0, buses: buses) } ?? []
        options =
            try top.optional("options")?.pairs().map { key, value in
                Option(name: key.name, edits: try value.elements().map { try DeviceTreeEdit($0) })
            } ?? []
        emulation = try top.optional("emulation").map { try BoardEmulation($0, files: boot.files.map(\.name)) }
    }

    private static func buses(_ node: YAMLNode) throws -> [Bus] {
        let fields = try node.fields("i2c", "spi", "serial")
        return try Bus.Kind.allCases.flatMap { kind in
            try fields.optional(kind.rawValue)?.pairs().map { key, value in
                let path = try value.string()
                guard path.hasPrefix("/dev/") else {
                    throw value.refusal("a bus is a device file below /dev, not '\(path)'")
                }
                return Bus(kind: kind, name: key.name, path: path)
            } ?? []
        }
    }
}

extension BoardProfile.Packages {
    init(_ node: YAMLNode) throws {
        let fields = try node.fields("suite", "components")
        suite = try fields.required("suite").packageWord()
        let list = try fields.required("components")
        components = try list.elements().map { try $0.packageWord() }
        if components.isEmpty { throw list.refusal("at least one component is needed", remedy: "usually: [main]") }
    }
}

extension BoardProfile.Kernel {
    init(_ node: YAMLNode) throws {
        let fields = try node.fields("package", "console", "memory-start", "arguments")
        package = try fields.required("package").packageWord()
        memoryStart = try fields.required("memory-start").integer(in: 0...0xFFFF_FFFF)
        // It becomes one word of the kernel's command line.
        console = try fields.required("console").string(where: "letters, digits, commas and hyphens") {
            $0.isASCIILetterOrDigit || $0 == "," || $0 == "-"
        }
        // U-Boot takes them from a script, where other characters have a meaning.
        arguments =
            try fields.optional("arguments")?.elements().map { argument in
                try argument.string(where: "letters, digits and , . _ - =") {
                    $0.isASCIILetterOrDigit || ",._-=".unicodeScalars.contains($0)
                }
            } ?? []
    }
}

extension BoardProfile.Boot {
    init(_ node: YAMLNode) throws {
        let fields = try node.fields("card", "files", "config")
        card = try fields.required("card").choice(BoardProfile.CardInterface.self)
        files = []
        for element in try fields.required("files").elements() {
            let file = try File(element)
            // FAT does not tell upper from lower case.
            if files.contains(where: { $0.name.lowercased() == file.name.lowercased() }) {
                throw element.refusal("a second file is named '\(file.name)'", remedy: "give it another name")
            }
            files.append(file)
        }
        config = try fields.optional("config")?.string()
    }
}

extension BoardProfile.Boot.File {
    init(_ node: YAMLNode) throws {
        let fields = try node.fields("package", "path", "name", "edits")
        package = try fields.required("package").packageWord()
        let source = try fields.required("path")
        path = try source.string()
        let components = path.split(separator: "/", omittingEmptySubsequences: false)
        guard components.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw source.refusal("'\(path)' must be a path inside the package without leading slash and without ..")
        }
        let last = components.last.map(String.init) ?? ""
        let nameNode = fields.optional("name") ?? source
        name = try fields.optional("name")?.string() ?? last
        guard name.unicodeScalars.allSatisfy({ $0.isASCIILetterOrDigit || "._-+".unicodeScalars.contains($0) }) else {
            throw nameNode.refusal(
                "'\(name)' cannot be a file name on the FAT partition",
                remedy: "give a 'name' of letters, digits and . _ - +")
        }
        edits = try fields.optional("edits")?.elements().map { try DeviceTreeEdit($0) } ?? []
    }
}

extension BoardProfile.Modules {
    init(_ node: YAMLNode) throws {
        let fields = try node.fields("initramfs", "root", "on-demand")
        initramfs = try Self.modules(fields.required("initramfs"))
        root = try Self.modules(fields.required("root"))
        onDemand = try fields.optional("on-demand").map(Self.modules) ?? []
    }

    private static func modules(_ node: YAMLNode) throws -> [BoardProfile.Module] {
        try node.pairs().map { key, value in
            guard key.name.unicodeScalars.allSatisfy({ $0.isASCIILetterOrDigit || $0 == "-" || $0 == "_" }) else {
                throw key.node.refusal("'\(key.name)' is no module name", remedy: "write it as modprobe takes it")
            }
            return BoardProfile.Module(name: key.name, reason: try value.string())
        }
    }
}

extension BoardProfile.Partitions {
    init(_ node: YAMLNode) throws {
        let fields = try node.fields("boot", "slot", "data")
        // FAT16 with the cluster sizes mkfs.fat chooses ends at 2 GiB; below 16 MiB the firmware files do not fit.
        boot = try fields.required("boot").integer(in: 16...2048)
        // U-Boot's block numbers are 32 bits wide and its arithmetic is done in the script; 8 GiB keeps far from both.
        slot = try fields.required("slot").integer(in: 32...8192)
        data = try fields.required("data").integer(in: 32...1_048_576)
    }
}

extension BoardProfile.GPIO {
    init(_ node: YAMLNode) throws {
        let fields = try node.fields("label", "lines", "header")
        label = try fields.required("label").string()
        // The kernel's GPIO character device numbers lines with 32 bits; no chip of a board comes near a thousand.
        lines = try fields.required("lines").integer(in: 1...1024)
        header =
            try fields.optional("header")?.pairs().map { [lines] key, value in
                guard let pin = Int(key.name), (1...999).contains(pin), "\(pin)" == key.name else {
                    throw key.node.refusal("a pin of the header is a number from 1, not '\(key.name)'")
                }
                return Pin(number: pin, line: try value.integer(in: 0...(lines - 1)))
            } ?? []
    }
}

extension BoardProfile.KernelDevice {
    init(_ node: YAMLNode, buses: [BoardProfile.Bus]) throws {
        let fields = try node.fields("bus", "address", "driver")
        let busNode = try fields.required("bus")
        bus = try busNode.string()
        let known = buses.filter { $0.kind == .i2c }.map(\.name)
        guard known.contains(bus) else {
            throw busNode.refusal(
                "'\(bus)' is no bus of 'buses.i2c'", remedy: "known buses: \(known.joined(separator: ", "))")
        }
        // Others are reserved (NXP UM10204, section 3.1.12).
        address = try fields.required("address").integer(in: 0x08...0x77)
        driver = try fields.required("driver").string(where: "letters, digits and , . _ -") {
            $0.isASCIILetterOrDigit || ",._-".unicodeScalars.contains($0)
        }
        guard driver.utf8.count < 20 else {
            // I2C_NAME_SIZE in linux/mod_devicetable.h.
            throw node.refusal("'\(driver)' is no name of a chip: it has more than 19 characters")
        }
    }
}

extension BoardEmulation {
    /// - Parameter files: names of the files on the board's FAT partition, where QEMU's bootloader and tree come from.
    init(_ node: YAMLNode, files: [String]) throws {
        let fields = try node.fields(
            "machine", "cpu", "cpus", "memory", "accelerator", "bootloader", "device-tree", "console-serial", "network",
            "devices", "deadline")
        machine = try fields.required("machine").string()
        cpu = try fields.optional("cpu")?.string()
        cpus = try fields.required("cpus").integer(in: 1...512)
        memory = try fields.required("memory").integer(in: 64...262_144)
        accelerator = try fields.optional("accelerator")?.string() ?? "tcg"
        bootloader = try Bootloader(fields.required("bootloader"), files: files)
        deviceTree = try fields.optional("device-tree").map { try DeviceTree($0, files: files) }
        consoleSerial = try fields.required("console-serial").integer(in: 0...3)
        network = try fields.optional("network")?.string()
        devices = try fields.optional("devices")?.elements().map { try $0.string() } ?? []
        deadline = try fields.required("deadline").integer(in: 1...3600)
    }
}

extension BoardEmulation.Bootloader {
    init(_ node: YAMLNode, files: [String]) throws {
        let fields = try node.fields("file", "load-as")
        file = try fields.required("file").bootFile(among: files)
        loadAs = try fields.required("load-as").choice(Option.self)
    }
}

extension BoardEmulation.DeviceTree {
    init(_ node: YAMLNode, files: [String]) throws {
        let fields = try node.fields("file", "edits")
        file = try fields.required("file").bootFile(among: files)
        edits = try fields.optional("edits")?.elements().map { try DeviceTreeEdit($0) } ?? []
    }
}

extension DeviceTreeEdit {
    init(_ yaml: YAMLNode) throws {
        let fields = try yaml.fields("node", "create", "set", "delete", "delete-children")
        let pathNode = try fields.required("node")
        node = try pathNode.string()
        guard node.hasPrefix("/"), node.count > 1, !node.hasSuffix("/") else {
            throw pathNode.refusal("'\(node)' is no absolute node path, for example /soc/i2c@7e804000")
        }
        creates = try fields.optional("create")?.bool() ?? false
        set = [:]
        for (key, value) in try fields.optional("set")?.pairs() ?? [] {
            switch value.valueType {
            case .text: set[key.name] = .string(try value.string())
            case .integer: set[key.name] = .cell(UInt32(try value.integer(in: 0...Int(UInt32.max))))
            case .bool where try value.bool(): set[key.name] = .flag
            case .list: set[key.name] = .cells(try value.elements().map { try Cell($0) })
            default:
                throw value.refusal(
                    "'\(key.name)' must be text, a number (one cell), a list of cells or true (a property without a value)",
                    remedy: "to take a property away, list it under 'delete'")
            }
        }
        delete = try fields.optional("delete")?.elements().map { try $0.string() } ?? []
        deletesChildren = try fields.optional("delete-children")?.bool() ?? false
        if set.isEmpty && delete.isEmpty && !deletesChildren && !creates {
            throw yaml.refusal(
                "this edit changes nothing", remedy: "give 'create', 'set', 'delete' or 'delete-children'")
        }
    }
}

extension YAMLNode {
    /// A word in the sense of Debian's archive: package names (Debian policy 5.6.1), suites, components.
    fileprivate func packageWord() throws -> String {
        try string(where: "lower-case letters, digits and + - .") {
            $0.isLowerLetterOrDigit || $0 == "+" || $0 == "-" || $0 == "."
        }
    }

    /// The name of one of the board's boot files.
    fileprivate func bootFile(among files: [String]) throws -> String {
        let name = try string()
        guard files.contains(name) else {
            throw refusal(
                "no file '\(name)' is listed under 'boot.files'",
                remedy: NearestMatch.of(name, in: files).map { "did you mean '\($0)'?" } ?? "list it there")
        }
        return name
    }
}

extension Unicode.Scalar {
    fileprivate var isLowerLetterOrDigit: Bool { ("a"..."z").contains(self) || ("0"..."9").contains(self) }
    fileprivate var isASCIILetterOrDigit: Bool { isLowerLetterOrDigit || ("A"..."Z").contains(self) }
}

extension DeviceTreeEdit.Cell {
    init(_ node: YAMLNode) throws {
        if node.valueType == .integer {
            self = .number(UInt32(try node.integer(in: 0...Int(UInt32.max))))
        } else {
            let path = try node.string()
            guard path.hasPrefix("/") else {
                throw node.refusal("a cell is a number or the path of a node, not '\(path)'")
            }
            self = .reference(path)
        }
    }
}

internal import Hardware
internal import JSON

extension Command {
    private static let busNames = """
        A bus is named as the board profile names it, such as i2c-1, or by its device file. Numbers may be written as
        0x48 or 72.
        """

    static let i2cScan = Command(
        name: "i2c scan", summary: "ask all addresses of an I2C bus who is there", argument: "BUS",
        options: [.json],
        discussion: """
            Writes no byte to each address from 0x08 to 0x77, or reads one from those where memories live, and from all
            where the controller cannot write none. No way of asking is safe with every device. What a driver of the
            kernel uses is not asked, and told as used.
            \(busNames)
            """,
        examples: [("apus i2c scan i2c-1", "the bus on a Pi's pins 3 and 5")],
        run: { arguments in try scan(arguments) })

    static let i2cRead = Command(
        name: "i2c read", summary: "read from an I2C device", argument: "BUS ADDRESS [REGISTER...]", count: 2...34,
        options: [
            Option(name: "--count", value: "N", help: "how many bytes; default: 1"), .json,
        ],
        discussion: """
            Writes the bytes of the register's number, if any, and reads in the same transaction.
            \(busNames)
            """,
        examples: [("apus i2c read i2c-1 0x48 0 --count 2", "the temperature of a TMP102")],
        run: { arguments in try read(arguments) })

    static let i2cWrite = Command(
        name: "i2c write", summary: "write to an I2C device", argument: "BUS ADDRESS BYTE...", count: 3...8194,
        options: [],
        discussion: """
            Writes the bytes in one transaction.
            \(busNames)
            """,
        examples: [("apus i2c write i2c-1 0x48 1 0x60 0xA0", "the configuration of a TMP102")],
        run: { arguments in try write(arguments) })

    private static func bus(_ arguments: Arguments) throws -> (bus: LinuxI2C, name: String) {
        let name = arguments.positionals[0]
        if name.hasPrefix("/") { return (try LinuxI2C(path: name), name) }
        let path = Settings.read("/etc/apus/board.conf")["i2c.\(name)"]
        return (try LinuxI2C(path: path ?? "/dev/\(name)"), name)
    }

    private static func address(_ arguments: Arguments) throws -> I2CAddress {
        try I2CAddress(try Arguments.number(arguments.positionals[1], "ADDRESS", in: I2CAddress.range))
    }

    private static func bytes(_ arguments: Arguments, _ what: String) throws(UsageError) -> [UInt8] {
        var bytes: [UInt8] = []
        for text in arguments.positionals.dropFirst(2) {
            bytes.append(UInt8(try Arguments.number(text, what, in: 0...255)))
        }
        return bytes
    }

    private static func scan(_ arguments: Arguments) throws {
        let (bus, name) = try bus(arguments)
        let found = try bus.scan(bus: name)
        if arguments.has("--json") {
            return Output.json(
                .array(
                    found.map { device in
                        [
                            "address": .integer(Int64(device.address.rawValue)),
                            "kernel": .bool(device.presence == .takenByKernel),
                        ]
                    }))
        }
        if found.isEmpty { Output.note("nobody answers on \(Output.printable(name))") }
        for device in found {
            Output.line(
                "\(device.address)\(device.presence == .takenByKernel ? "  used by a driver of the kernel" : "")")
        }
    }

    private static func read(_ arguments: Arguments) throws {
        let count = try arguments.number("--count", in: 1...I2CBus.maximumLength) ?? 1
        let address = try address(arguments)
        let register = try bytes(arguments, "REGISTER")
        let (bus, name) = try bus(arguments)
        let messages: [I2CMessage] = register.isEmpty ? [.read(count)] : [.write(register), .read(count)]
        let answer = try bus.transfer(messages, with: address, bus: name)
        if arguments.has("--json") { return Output.json(.array(answer.map { .integer(Int64($0)) })) }
        Output.line(answer.map(hexadecimal).joined(separator: " "))
    }

    private static func write(_ arguments: Arguments) throws {
        let address = try address(arguments)
        let bytes = try bytes(arguments, "BYTE")
        let (bus, name) = try bus(arguments)
        _ = try bus.transfer([.write(bytes)], with: address, bus: name)
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0x0" : "0x") + String(byte, radix: 16)
    }
}

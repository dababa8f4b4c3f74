// apus: looks after the firmware of the device it runs on, and shows what waits to be delivered.
internal import CLinux
internal import Glibc
internal import Hardware
internal import Updating

@main
enum Apus {
    /// Everything the program can do, in the order in which the help shows it.
    static let commands: [Command] = [
        .update, .slots, .confirm, .rollback, .outbox, .factoryReset, .sensors, .selfTest, .gpioInfo, .gpioGet,
        .gpioSet, .gpioWatch, .gpioSafe, .i2cScan, .i2cRead, .i2cWrite,
    ]

    static func main() {
        // An update allocates and frees pieces of up to 256 KiB all the time. As mappings of their own each costs as much
        // as hashing it; from a heap that keeps at most a megabyte for the next one they cost nothing.
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        mallopt(M_TRIM_THRESHOLD, 1 << 20)
        exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    private static func run(_ arguments: [String]) -> UpdateExitCode {
        guard let name = arguments.first, name != "--help", name != "-h", name != "help" else {
            Output.line(Help.overview)
            return arguments.isEmpty ? .usage : .success
        }
        let words = arguments.prefix { !$0.hasPrefix("-") }
        guard
            let command = commands.first(where: { words.starts(with: $0.name.split(separator: " ").map(String.init)) })
        else {
            // "apus gpio --help" and the like.
            let group = commands.filter { $0.name.hasPrefix(name + " ") }
            if !group.isEmpty { Output.line(Help.list(group)) }
            if !group.isEmpty, words.count == 1, arguments.count > 1 { return .success }
            let text = words.prefix(group.isEmpty ? 1 : 2).joined(separator: " ")
            Output.error("there is no command \(Output.printable(text)); see apus --help")
            return .usage
        }
        let rest = arguments.dropFirst(command.name.split(separator: " ").count)
        if rest.contains("--help") || rest.contains("-h") {
            Output.line(Help.text(of: command))
            return .success
        }
        do {
            try command.run(try Arguments(Array(rest), of: command))
            return .success
        } catch let error as UsageError {
            Output.error("\(error.reason); see apus \(command.name) --help")
            return .usage
        } catch let error as UpdateError {
            Output.error(error.description)
            return error.exitCode
        } catch I2CError.noAcknowledge(let bus, let address) {
            Output.error("\(I2CError.noAcknowledge(bus: bus, address: address))")
            return .noAnswer
        } catch {
            // GPIOError and I2CError say what is wrong and what there is.
            Output.error("\(error)")
            let isHardware =
                error is GPIOError || error is I2CError || error is SelfTestFailed || error is UnsafeOutput
            return isHardware ? .hardware : .failure
        }
    }
}

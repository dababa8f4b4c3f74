// apus: looks after the firmware of the device it runs on, and shows what waits to be delivered.
internal import CLinux
internal import Glibc
internal import Updating

@main
enum Apus {
    /// Everything the program can do, in the order in which the help shows it.
    static let commands: [Command] = [.update, .slots, .confirm, .rollback, .outbox, .factoryReset]

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
        guard let command = commands.first(where: { $0.name == name }) else {
            Output.error("there is no command \(Output.printable(name)); see apus --help")
            return .usage
        }
        let rest = arguments.dropFirst()
        if rest.contains("--help") || rest.contains("-h") {
            Output.line(Help.text(of: command))
            return .success
        }
        do throws(UsageError) {
            let parsed = try Arguments(Array(rest), of: command)
            do throws(UpdateError) {
                try command.run(parsed)
                return .success
            } catch {
                Output.error(error.description)
                return error.exitCode
            }
        } catch {
            Output.error("\(error.reason); see apus \(name) --help")
            return .usage
        }
    }
}

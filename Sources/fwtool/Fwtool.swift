import ArgumentParser
import Foundation

@main
struct Fwtool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fwtool",
        abstract: "Build, inspect, emulate and burn Apus firmware.",
        discussion: """
            Exit codes: 0 done, 1 failed (standard error has the cause and the next step), 2 wrong usage.
            Shell completions: fwtool --generate-completion-script bash (or zsh, fish).

            EXAMPLES
              fwtool doctor && fwtool sdk install && fwtool keys new fleet
              fwtool build --target rpi4 --key fleet.key
            """,
        subcommands: [
            BuildCommand.self, ImageCommand.self, BurnCommand.self, BundleCommand.self, KeysCommand.self,
            SDKCommand.self, BoardsCommand.self, EmulateCommand.self, SimulateCommand.self, DoctorCommand.self,
        ])

    /// Runs the command line. In place of ArgumentParser's own `main`, which exits with 64 on wrong usage and begins
    /// its messages with a capital letter.
    @MainActor
    static func main() async {
        do {
            var command = try parseAsRoot()
            let interrupts = command is EmulateCommand || command is SimulateCommand ? [] : Interrupt.handle()
            defer { withExtendedLifetime(interrupts) {} }
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch {
            Foundation.exit(report(error))
        }
    }

    /// Prints an error, or the help that was asked for, and returns the exit code that belongs to it.
    private static func report(_ error: any Error) -> Int32 {
        switch exitCode(for: error) {
        case .success:
            print(fullMessage(for: error))
            return 0
        case .validationFailure:
            let message = fullMessage(for: error)
            let prefix = "Error: "
            let text = message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
            FileHandle.standardError.write(Data("error: \(text)\n".utf8))
            return 2
        case let code where error is ExitCode:
            return code.rawValue
        default:
            let text = outOfSpace(error) ?? message(for: error)
            FileHandle.standardError.write(Data("error: \(text)\n".utf8))
            return 1
        }
    }

    /// Foundation's own words for a full disk leave out both what was full and what to do.
    private static func outOfSpace(_ error: any Error) -> String? {
        guard let error = error as? CocoaError, error.code == .fileWriteOutOfSpace else { return nil }
        return
            "No space left on device for \(error.filePath ?? "the result"); free space there and run the command again"
    }
}

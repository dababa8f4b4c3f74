import ArgumentParser

@main
struct Fwtool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fwtool",
        abstract: "Build, inspect, emulate and burn Apus firmware.",
        subcommands: [BuildCommand.self, ImageCommand.self, SDKCommand.self, BoardsCommand.self, EmulateCommand.self])
}

import ArgumentParser
import Foundation
internal import JSON

struct BoardsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "boards", abstract: "List the boards, or show all about one.",
        discussion: """
            EXAMPLES
              fwtool boards
              fwtool boards rpi4
              fwtool boards ./my-board.yaml       # checks a profile of your own
              fwtool boards --json
            """)

    @Argument(help: "A board's name, or the path of a profile. (default: all boards)")
    var name: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let catalog = try BoardCatalog.installed()
        let profiles = try name.map { [try catalog.profile($0)] } ?? catalog.profiles()
        if json {
            let list = profiles.map(\.json)
            // One board asked for is one object.
            let value = name == nil ? JSON.array(list) : list.first ?? .null
            print(try value.text(.pretty))
        } else if name != nil {
            for profile in profiles { print(profile.details) }
        } else {
            let width = profiles.map(\.name.count).max() ?? 0
            for profile in profiles {
                let name = profile.name.padding(toLength: width, withPad: " ", startingAt: 0)
                let emulated = profile.emulation == nil ? "  (not emulated)" : ""
                print("\(name)  \(([profile.title] + profile.models).joined(separator: ", "))\(emulated)")
            }
        }
    }
}

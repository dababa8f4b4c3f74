internal import Glibc

/// What a cell executes.
struct CellProgram: Sendable {
    let path: String
    let arguments: [String]

    /// The executable of this process, with its arguments. The link leads to the running file also when another has
    /// taken its place.
    static var own: CellProgram { CellProgram(path: "/proc/self/exe", arguments: CommandLine.arguments) }

    /// Tells a process that it is a cell. Its value is the number of the process that started it, so that a program
    /// which a cell starts in turn does not take itself for one.
    static let variable = "APUS_CELL"

    /// The descriptors of a cell, after the three that every process has.
    static let control: Int32 = 3
    static let data: Int32 = 4
    static let firstFree: Int32 = 5

    /// The variables of this process, and those that make the new one a cell.
    static var environment: [String] {
        // The Swift runtime's own backtracer would take the time of many restarts; the cell has one that is quick.
        Spawn.environment(without: variable, "SWIFT_BACKTRACE") + [
            "\(variable)=\(getpid())", "SWIFT_BACKTRACE=enable=no",
        ]
    }
}

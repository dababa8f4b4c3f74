import ArgumentParser
import Foundation

/// How every command speaks: results on standard output, everything else on standard error.
struct OutputOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "No progress and no remarks, only results and errors.")
    var quiet = false

    func progress(_ label: String) -> Progress { Progress(label, quiet: quiet) }

    func say(_ text: String) {
        if !quiet { print(text) }
    }

    func warn(_ text: String) {
        FileHandle.standardError.write(Data("warning: \(text)\n".utf8))
    }
}

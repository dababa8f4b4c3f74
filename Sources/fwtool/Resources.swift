import Foundation

/// The files fwtool works with besides itself: `BoardProfiles/` and `Firmware/`.
enum Resources {
    /// `$APUS_SHARE`, else `../share/apus` beside the installed program, else the checkout the program was built in.
    static func root() throws -> URL {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["APUS_SHARE"], !path.isEmpty { return URL(fileURLWithPath: path) }
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let installed = program.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("share/apus")
        var folder = program.deletingLastPathComponent()
        var candidates = [installed]
        while folder.path != "/" {
            candidates.append(folder)
            folder = folder.deletingLastPathComponent()
        }
        for candidate in candidates {
            let marker = candidate.appendingPathComponent("Firmware/boot.cmd").path
            if FileManager.default.fileExists(atPath: marker) { return candidate }
        }
        throw FwtoolError(
            "fwtool's own files (BoardProfiles, Firmware) are not where it was installed",
            remedy: "run make install in the Apus checkout, or name their folder in APUS_SHARE")
    }

    static func firmware(_ path: String) throws -> URL {
        try root().appendingPathComponent("Firmware").appendingPathComponent(path)
    }
}

import Foundation

/// The peer's programs, compiled into the scratch folder.
struct OTP {
    /// What runs a measurement; its name and its numbers follow.
    let command: [String]
    let version: String

    /// - Throws: when they do not compile, or OTP is not installed.
    init(_ place: Workplace) throws {
        let folder = place.scratch.appendingPathComponent("otp")
        let sources = place.root.appendingPathComponent("Benchmarks/otp")
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let files = try FileManager.default.contentsOfDirectory(atPath: sources.path).filter { $0.hasSuffix(".erl") }
        let log = place.scratch.appendingPathComponent("erlc.log")
        try Program.run(
            ["erlc", "-Werror", "-o", folder.path] + files.map { sources.appendingPathComponent($0).path }, log: log)
        command = [
            "erl", "-noshell", "-pa", folder.path,
            // Room for all children; the default is 262,144 processes.
            "+P", "2000000",
            // No busy waiting of idle schedulers: it costs processor time that ours would not, and a device has none to
            // give away.
            "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none",
            "-run", "supervision_bench", "main",
        ]
        let question = #"io:format("OTP ~s, ERTS ~s", [erlang:system_info(I) || I <- [otp_release, version]]), halt()."#
        version = try place.run("erl", "-noshell", "-eval", question).output
    }
}

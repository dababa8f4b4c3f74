import Foundation

/// The checkout that is measured, what `make bench` has built in it, and a folder for what the measurements make.
struct Workplace {
    let root: URL
    let build: URL
    /// Kept between runs, so that a second one finds its app compiled.
    let scratch: URL

    /// - Throws: when the scratch folder cannot be made.
    init() throws {
        root = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
        build = root.appendingPathComponent("build")
        scratch = build.appendingPathComponent("bench")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    }

    /// - Throws: when it is not built.
    var fwtool: String { get throws { try product(".build/release/fwtool") } }
    /// The device's command, for this machine. See ``fwtool``.
    var apus: String { get throws { try product(".build-lean/release/apus") } }

    private func product(_ name: String) throws -> String {
        let path = root.appendingPathComponent(name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw BenchError("\(path) is missing; run: make bench")
        }
        return path
    }

    func bundle(_ target: String) -> URL { build.appendingPathComponent("WeatherStation-\(target).apus") }
    func image(_ target: String) -> URL { build.appendingPathComponent("WeatherStation-\(target).img") }
    var key: URL { build.appendingPathComponent("keys/development.key") }
    var publicKey: URL { build.appendingPathComponent("keys/development.pub") }
    /// The reference app's package.
    var app: URL { root.appendingPathComponent("Firmware/WeatherStation") }

    @discardableResult
    func run(_ words: String..., environment: [String: String] = [:], limit: Int = 600) throws -> Program.Result {
        let log = scratch.appendingPathComponent("\((words[0] as NSString).lastPathComponent).log")
        return try Program.run(words, log: log, environment: environment, limit: limit)
    }

    func size(of file: URL) throws -> Double {
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        guard let size = attributes[.size] as? Int else { throw BenchError("\(file.path) has no size") }
        return Double(size)
    }

    /// The 1-minute load average (proc_loadavg(5)).
    static func load() throws -> Double {
        let text = try String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
        guard let load = text.split(separator: " ").first.flatMap({ Double($0) }) else {
            throw BenchError("/proc/loadavg is not understood: \(text)")
        }
        return load
    }
}

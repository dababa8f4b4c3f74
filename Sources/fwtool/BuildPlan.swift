import Foundation

/// What SwiftPM last planned to do for an app, with all packages it depends on: `.build/release.yaml`, llbuild's manifest.
///
/// Read line by line: SwiftPM writes the inputs and outputs of each command as a JSON list on a line of its own. Whoever
/// asks must do without an answer, for none of it is promised.
struct BuildPlan {
    private struct Step {
        var inputs: [String]
        var outputs: [String]
    }

    private let build: URL
    private let steps: [Step]

    /// - Returns: nil when there is no plan yet, or not in this form.
    init?(of package: AppPackage) {
        build = package.folder.appendingPathComponent(".build")
        guard let text = try? String(contentsOf: build.appendingPathComponent("release.yaml"), encoding: .utf8) else {
            return nil
        }
        var steps: [Step] = []
        var inputs: [String] = []
        for line in text.split(separator: "\n") {
            if let list = Self.list(line, "    inputs: ") { inputs = list }
            if let list = Self.list(line, "    outputs: ") {
                steps.append(Step(inputs: inputs, outputs: list))
                inputs = []
            }
        }
        guard !steps.isEmpty else { return nil }
        self.steps = steps
    }

    private static func list(_ line: Substring, _ key: String) -> [String]? {
        guard line.hasPrefix(key) else { return nil }
        return try? JSONDecoder().decode([String].self, from: Data(line.dropFirst(key.count).utf8))
    }

    /// The files that the given executables were compiled from; nil when that cannot be told of all their parts.
    func sources(of products: [String]) -> Set<String>? {
        var objects: Set<String> = []
        for product in products {
            let list = build.appendingPathComponent(
                "\(SDKBundle.triple)/release/\(product).product/Objects.LinkFileList")
            guard let text = try? String(contentsOf: list, encoding: .utf8) else { return nil }
            // In quotes where the path has a space.
            objects.formUnion(text.split(separator: "\n").map { $0.trimmingCharacters(in: ["'"]) })
        }
        var sources: Set<String> = []
        for step in steps where !objects.isDisjoint(with: step.outputs) {
            sources.formUnion(step.inputs)
            objects.subtract(step.outputs)
        }
        return objects.isEmpty ? sources : nil
    }

    /// Whether a package in a folder has a source file that the plan does not know.
    ///
    /// SwiftPM plans from memory for as long as the files of the app's own package are the same; those of a package it
    /// depends on it does not look at, and leaves a new one out.
    var isStale: Bool {
        let planned = Set(steps.flatMap(\.inputs).filter { $0.hasSuffix(".swift") })
        let folders = Set(planned.map { ($0 as NSString).deletingLastPathComponent })
        let ours = folders.filter { !$0.hasPrefix(build.path + "/") }
        return ours.contains { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.contains { $0.hasSuffix(".swift") && !planned.contains("\(folder)/\($0)") }
        }
    }
}

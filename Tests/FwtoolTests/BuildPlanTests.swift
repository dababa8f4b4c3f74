import Foundation
import Testing

@testable import fwtool

struct BuildPlanTests {
    @Test func tellsWhatAProgramIsCompiledFrom() throws {
        let app = try PlannedApp()
        let plan = try #require(BuildPlan(of: app.package))
        let root = app.package.folder.path
        #expect(
            plan.sources(of: ["App"]) == [
                "\(root)/Sources/App/App.swift", "\(root)/.build/checkouts/Linked/Sources/A/a file.swift",
            ])
        // Not a guess where a part is unknown.
        #expect(plan.sources(of: ["App", "Strange"]) == nil)
        #expect(plan.sources(of: ["Other"]) == nil)
    }

    @Test func noticesANewFileOfADependency() throws {
        let app = try PlannedApp()
        let plan = try #require(BuildPlan(of: app.package))
        #expect(!plan.isStale)
        let sources = app.folder.url.appendingPathComponent("library/Sources/Library")
        try Data().write(to: sources.appendingPathComponent("notes.md"))
        #expect(!plan.isStale)
        try Data().write(to: sources.appendingPathComponent("New.swift"))
        #expect(plan.isStale)
    }

    @Test(arguments: ["", "commands:\n", "    inputs: [\n    outputs: [1]\n"])
    func isNotThereWhenItIsNotUnderstood(text: String) throws {
        let app = try PlannedApp()
        let file = app.package.folder.appendingPathComponent(".build/release.yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        #expect(BuildPlan(of: app.package) == nil)
        try FileManager.default.removeItem(at: file)
        #expect(BuildPlan(of: app.package) == nil)
    }
}

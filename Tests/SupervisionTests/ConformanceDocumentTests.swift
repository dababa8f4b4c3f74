import Foundation
import Testing

/// `docs/supervision-conformance.md` says what is there.
struct ConformanceDocumentTests {
    private struct Row {
        let number: String
        let status: String
        let explanation: String

        init?(_ line: Substring) {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            // A row begins and ends with a bar; its first cell is a number, with a letter outside of OTP's.
            guard cells.count == 6, cells[1].contains(where: \.isNumber) else { return nil }
            (number, status, explanation) = (cells[1], cells[3], cells[4])
        }

        /// What stands between backticks.
        var names: [String] {
            explanation.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
        }
    }

    private static let tests = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()

    private func rows() throws -> [Row] {
        let document = Self.tests.appending(path: "../../docs/supervision-conformance.md").standardized
        return try String(contentsOf: document, encoding: .utf8).split(separator: "\n").compactMap { Row($0) }
    }

    /// The functions that `@Test` marks.
    private func testNames() throws -> Set<Substring> {
        let files = try FileManager.default.contentsOfDirectory(at: Self.tests, includingPropertiesForKeys: nil)
        var names: Set<Substring> = []
        for file in files where file.pathExtension == "swift" {
            let source = try String(contentsOf: file, encoding: .utf8)
            for part in source.components(separatedBy: "@Test").dropFirst() {
                let name = part.components(separatedBy: "func ").dropFirst().first?.prefix { $0 != "(" }
                if let name { names.insert(name) }
            }
        }
        return names
    }

    @Test func everyBehaviourOfOTPHasItsRow() throws {
        let numbers = try rows().compactMap { Int($0.number) }
        #expect(numbers == Array(1...95))
    }

    @Test func everyRowIsHeldByTestsThatExistOrNotApplicableForAReason() throws {
        let tests = try testNames()
        for row in try rows() {
            switch row.status {
            case "held":
                #expect(!row.names.isEmpty, "row \(row.number) names no test")
                for name in row.names where !Self.words.contains(name) {
                    #expect(
                        tests.contains(Substring(name)), "row \(row.number) names a test that is not there: \(name)")
                }
            case "not applicable":
                #expect(row.explanation.split(separator: " ").count >= 4, "row \(row.number) gives no reason")
            default:
                Issue.record("row \(row.number) is neither held nor not applicable")
            }
        }
    }

    /// In backticks, but not the names of tests.
    private static let words: Set<String> = ["shutdown", "reconfigure", "make bench", "CancellationError"]
}

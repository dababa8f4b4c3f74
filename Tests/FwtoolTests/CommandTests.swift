import Foundation
import Synchronization
import Testing

@testable import fwtool

struct CommandTests {
    @Test func passesInputAndReturnsOutput() throws {
        // More than a pipe holds, both ways.
        let text = String(repeating: "0123456789", count: 100_000)
        #expect(try Command("cat", []).run(input: Data(text.utf8)) == text)
    }

    @Test func aFailureQuotesTheLastWords() {
        let error = #expect(throws: FwtoolError.self) {
            try Command("bash", ["-c", "echo first >&2; echo the reason >&2; exit 3"]).run()
        }
        #expect(error?.cause.contains("bash failed with status 3") == true)
        #expect(error?.cause.contains("the reason") == true)
    }

    @Test func aProgramThatIsNotThereNamesTheDoctor() {
        let error = #expect(throws: FwtoolError.self) { try Command("no-such-program", []).run() }
        #expect(error?.description == "no-such-program is not installed; run: fwtool doctor")
    }

    @Test func theDeadlineEndsAProgramThatIgnoresSignals() {
        let error = #expect(throws: FwtoolError.self) {
            try Command("bash", ["-c", "trap '' TERM; while :; do sleep 1; done"], deadline: 0.2).run()
        }
        #expect(error?.cause.contains("did not finish") == true)
    }

    @Test func anEmptyVariableIsRemoved() throws {
        let environment = ["APUS_ONE": "1", "HOME": ""]
        let text = try Command("bash", ["-c", "echo ${APUS_ONE}${HOME-unset}"], environment: environment).run()
        #expect(text == "1unset\n")
    }

    @Test func tellsOutputAsItArrives() throws {
        let seen = Mutex("")
        try Command("bash", ["-c", "echo one; echo two >&2"]).run { text in seen.withLock { $0 += text } }
        #expect(seen.withLock { $0.contains("one") && $0.contains("two") })
    }
}

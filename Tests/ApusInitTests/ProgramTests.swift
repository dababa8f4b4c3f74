import Glibc
import Testing

@testable import apus_init

struct ProgramTests {
    private func run(_ script: String, seconds: Int64 = 60) -> Program.End {
        Program.run(["/bin/sh", "-c", script], environment: [], seconds: seconds)
    }

    @Test func itsEndIsTold() {
        #expect(run("exit 0") == .status(0))
        #expect(run("exit 12") == .status(12))
        #expect(run("kill -SEGV $$") == .signal(SIGSEGV))
        #expect(Program.run(["/nowhere/e2fsck"], environment: [], seconds: 60) == .notStarted)
    }

    @Test func itIsKilledAfterItsDeadline() {
        #expect(run("trap '' TERM; while :; do sleep 60; done", seconds: 0) == .late)
    }

    @Test func itHasItsEnvironment() {
        let end = Program.run(["/bin/sh", "-c", "test $MARK = set"], environment: ["MARK=set"], seconds: 60)
        #expect(end == .status(0))
    }
}

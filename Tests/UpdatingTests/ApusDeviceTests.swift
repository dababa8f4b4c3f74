import BootState
import Foundation
import Testing

@testable import Updating

/// `apus` on what it takes for its own device: namespaces of the kernel give it the files, and a PID 1.
@Suite(.enabled(if: Sandbox.isAllowed, "this machine allows no namespaces"))
struct ApusDeviceTests {
    @Test func updatesItsOwnCardAndRestarts() async throws {
        let old = try await TestFirmware(version: "1.0", root: [1, 2])
        let new = try await TestFirmware(version: "1.1", root: [1, 3])
        let file = try CardFile(TestCard(a: old))
        let sandbox = try Sandbox(
            file, arguments: "console=ttyS1 apus.slot=a quiet", board: "board=test\nversion=1.0\n")
        let run = try sandbox.run("update", file.bundle(new), "--restart")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try file.card.state?.trial == BootState.Trial(of: .b))
        #expect(try sandbox.signals == "TERM\n")

        // Without the option, and when there is nothing to restart for, PID 1 is left alone.
        let quiet = try CardFile(TestCard(a: old))
        let other = try Sandbox(quiet, arguments: "apus.slot=a", board: "board=test\nversion=1.0\n")
        #expect(try other.run("update", quiet.bundle(old), "--restart").status == 0)
        #expect(try other.run("update", quiet.bundle(new)).status == 0)
        #expect(try quiet.card.state?.trial == BootState.Trial(of: .b))
        #expect(try other.signals == "")
    }

    @Test func aFailedUpdateDoesNotRestart() async throws {
        let old = try await TestFirmware(version: "1.0", root: [1, 2])
        let new = try await TestFirmware(version: "1.1", root: [1, 3])
        let file = try CardFile(TestCard(a: old))
        // What the device is, not what its slot holds, counts.
        let sandbox = try Sandbox(file, arguments: "apus.slot=a", board: "board=other\nversion=1.0\n")
        let run = try sandbox.run("update", file.bundle(new), "--restart")
        #expect(run.status == 14)
        #expect(run.errors.hasPrefix("error: the bundle is for the board test, this is other; "))
        #expect(try sandbox.signals == "")
    }

    @Test func theDevicesPolicyAllowsDowngrades() async throws {
        let old = try await TestFirmware(version: "1.0", root: [1, 2])
        let older = try await TestFirmware(version: "0.9", root: [1, 3])
        let file = try CardFile(TestCard(a: old))
        let board = "board=test\nversion=1.0\n"
        let strict = try Sandbox(file, arguments: "apus.slot=a", board: board)
        #expect(try strict.run("update", file.bundle(older)).status == 15)
        let loose = try Sandbox(file, arguments: "apus.slot=a", board: board, app: "update.downgrade = allow\n")
        #expect(try loose.run("update", file.bundle(older)).status == 0)
    }

    @Test func theRunningSlotIsTheKernelsArgument() async throws {
        let old = try await TestFirmware(version: "1.0", root: [1, 2])
        let card = try TestCard(a: old, b: old.installed, state: BootState.initial.startTrial(of: .b))
        let file = try CardFile(card)
        let none = try Sandbox(file, arguments: "quiet", board: "board=test\n").run("confirm")
        #expect(none.status == 1)
        #expect(none.errors.hasPrefix("error: cannot tell the running slot from /proc/cmdline: it has no apus.slot"))
        let run = try Sandbox(file, arguments: "apus.slot=a apus.slot=b", board: "board=test\n").run("confirm")
        #expect(run.output == "slot b is confirmed\n")
        #expect(try file.card.state?.active == .b)
    }

    @Test func aFactoryResetRestarts() async throws {
        let file = try await CardFile(TestCard(a: TestFirmware(version: "1.0", root: [1])))
        let sandbox = try Sandbox(file, arguments: "apus.slot=a", board: "board=test\n")
        let run = try sandbox.run("factory-reset", "--yes")
        #expect(run.status == 0)
        #expect(run.output == "the data partition is emptied at the next start; restarting\n")
        #expect(try sandbox.signals == "TERM\n")
    }
}

/// Runs `apus` where the device's files are those of a test, and PID 1 writes down what it is told.
private struct Sandbox {
    private let file: CardFile

    /// - Parameters:
    ///   - arguments: the kernel's.
    ///   - board: `/etc/apus/board.conf`.
    ///   - app: `/etc/apus/app.conf`.
    init(_ file: CardFile, arguments: String, board: String, app: String = "") throws {
        self.file = file
        for (name, text) in [
            ("cmdline", "\(arguments)\n"), ("board.conf", board), ("app.conf", app), ("signals", ""),
            ("device", Self.script),
        ] {
            try file.scratch.write(Array(text.utf8), name)
        }
    }

    func run(_ arguments: String...) throws -> ApusRun {
        try ApusRun(
            Self.namespaces + ["sh", "\(file.scratch.path)/device", try ApusRun.program] + arguments, input: [],
            environment: ["PLACE": file.scratch.path])
    }

    /// What PID 1 got.
    var signals: String { get throws { String(decoding: try file.scratch.bytes("signals"), as: UTF8.self) } }

    private static let namespaces = [
        "unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc",
    ]

    /// PID 1. A signal's trap runs when the program it waits for has ended.
    private static let script = """
        set -e
        for folder in /dev /etc /run; do mount -t tmpfs none $folder; done
        mkdir -p /dev/apus /etc/apus/keys
        ln -s "$PLACE/card" /dev/apus/card
        cp "$PLACE/fleet.pub" /etc/apus/keys
        cp "$PLACE/board.conf" "$PLACE/app.conf" /etc/apus
        mount --bind "$PLACE/cmdline" /proc/cmdline
        trap 'echo TERM >> "$PLACE/signals"' TERM
        status=0
        "$@" || status=$?
        exit $status
        """

    /// Containers often forbid them.
    static let isAllowed: Bool = {
        let mounts = "mount -t tmpfs none /dev && mount -t tmpfs none /etc && mount --bind /etc /run"
        return (try? ApusRun(namespaces + ["sh", "-c", mounts], input: [], environment: [:]))?.status == 0
    }()
}

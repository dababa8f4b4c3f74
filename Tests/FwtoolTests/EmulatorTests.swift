import Foundation
import Synchronization
import Testing

@testable import fwtool

@Suite struct EmulatorTests {
    // MARK: - Output

    @Test func aWaitReturnsWhatCameUpToTheText() async throws {
        let output = EmulatorOutput()
        output.append(Array("one\r\ntwo\r\nthree".utf8))
        #expect(try await output.wait(for: "two", deadline: .seconds(60)) == "one\ntwo")
        #expect(try await output.nextLine() == "")
        #expect(output.text == "one\ntwo\nthree")
    }

    @Test func aWaitSpansChunksThatComeLater() async throws {
        let output = EmulatorOutput()
        async let found = output.wait(for: "login: ", "panic", deadline: .seconds(60))
        for byte in Array("Debian login: ".utf8) { output.append([byte]) }
        #expect(try await found == "Debian login: ")
    }

    @Test func aWaitTakesTheTextThatCameFirst() async throws {
        let output = EmulatorOutput()
        output.append(Array("x panic y ready z".utf8))
        #expect(try await output.wait(for: "ready", "panic", deadline: .seconds(60)) == "x panic")
        #expect(try await output.wait(for: "ready", "panic", deadline: .seconds(60)) == " y ready")
    }

    @Test func aTextThatRepeatsItsBeginningIsFound() async throws {
        let output = EmulatorOutput()
        output.append(Array("aaaab".utf8))
        #expect(try await output.wait(for: "aab", deadline: .seconds(60)) == "aaaab")
    }

    @Test func aWaitEndsWithTheProgram() async {
        let output = EmulatorOutput()
        output.append(Array("last words".utf8))
        let waiting = Task { try await output.wait(for: "never", deadline: .seconds(60)) }
        output.end()
        await #expect { try await waiting.value } throws: {
            "\($0)".contains("the program has ended; last: last words")
        }
    }

    @Test func aWaitEndsAtItsDeadlineWithTheLastLines() async {
        let output = EmulatorOutput()
        output.append(Array("U-Boot> ".utf8))
        await #expect { try await output.wait(for: "login", deadline: .milliseconds(10)) } throws: {
            "\($0)".contains("'login' did not appear") && "\($0)".contains("U-Boot>")
        }
    }

    @Test func aCancelledWaitEnds() async throws {
        let output = EmulatorOutput()
        let waiting = Task { try await output.nextLine() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        // The line is left to the next wait.
        output.append(Array("line\n".utf8))
        #expect(try await output.nextLine() == "line")
    }

    @Test func onlyTheNewestOutputIsKept() async throws {
        let output = EmulatorOutput()
        output.append(Array("first".utf8))
        output.append([UInt8](repeating: UInt8(ascii: "x"), count: EmulatorOutput.limit))
        #expect(output.text.utf8.count == EmulatorOutput.limit)
        output.append(Array("last".utf8))
        #expect(try await output.wait(for: "last", deadline: .seconds(60)).hasPrefix("x"))
    }

    // MARK: - Processes

    @Test func aProgramsOutputAndStatusArrive() async throws {
        // mcopy without arguments prints its usage and fails: any program of the table will do.
        let process = try await EmulatorProcess.start(.mcopy, [])
        #expect(await process.exitStatus() != 0)
        try await process.errors.wait(for: "mcopy", deadline: .seconds(60))
    }

    @Test func aProgramIsSentLinesAndStopped() async throws {
        // setpriv runs any program: cat echoes, and would run for ever.
        let process = try await EmulatorProcess.start(.setpriv, ["cat"])
        try process.send("hello")
        #expect(try await process.output.nextLine() == "hello")
        await process.stop()
        #expect(await process.exitStatus() == 128 + SIGTERM)
        try await process.output.waitForEnd()
    }

    @Test func aProgramThatIgnoresTheRequestIsKilled() async throws {
        let process = try await EmulatorProcess.start(
            .setpriv, ["sh", "-c", "trap '' TERM; echo ready; while :; do read line; done"])
        #expect(try await process.output.nextLine() == "ready")
        await process.stop()
        #expect(await process.exitStatus() == 128 + SIGKILL)
    }

    @Test func writingToAProgramThatEndedIsAnError() async throws {
        let process = try await EmulatorProcess.start(.setpriv, ["sh", "-c", "echo gone >&2"])
        _ = await process.exitStatus()
        try await process.errors.waitForEnd()
        #expect { try process.send("hello") } throws: { "\($0)" == "setpriv has ended: gone" }
    }

    @Test func aProgramDiesWithItsParent() async throws {
        // The parent is a shell that starts a guarded child and is killed; the child's output ends with the child.
        let script = "setpriv --pdeathsig KILL -- sh -c 'echo $$; exec sleep 3600' & wait"
        let parent = try await EmulatorProcess.start(.setpriv, ["sh", "-c", script])
        let child = try #require(pid_t(try await parent.output.nextLine()))
        await parent.stop()
        // Gone or a zombie whose new parent has not looked yet.
        try await Deadline.within(.seconds(60), "the child did not end") {
            while let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8),
                !state.contains(") Z")
            { await Task.yield() }
        }
    }

    @Test func theDescriptorsPassedArrive() async throws {
        let (ours, theirs) = try LineSocket.pair()
        let process = try await EmulatorProcess.start(
            .setpriv, ["bash", "-c", "read line <&\(theirs); echo got $line"], passing: [theirs])
        close(theirs)
        try ours.send("hello")
        #expect(try await process.output.nextLine() == "got hello")
    }

    @Test(arguments: EmulatorTool.allCases)
    func aMissingProgramIsNamedWithItsPackage(_ tool: EmulatorTool) {
        #expect { try tool.path(find: { _ in nil }) } throws: {
            "\($0)"
                == "\(tool.rawValue) is not installed (Debian package \(tool.package)); "
                + "run: fwtool doctor, or: apt install \(tool.package)"
        }
    }

    // MARK: - Deadlines

    @Test func aDeadlineCancelsTheBody() async {
        let cancelled = Mutex(false)
        await #expect {
            try await Deadline.within(.milliseconds(1), "nothing happened") {
                do { try await Task.sleep(for: .seconds(3600)) } catch {
                    cancelled.withLock { $0 = true }
                    throw error
                }
            }
        } throws: { "\($0)" == "nothing happened within 0 s" }
        #expect(cancelled.withLock { $0 })
    }

    // MARK: - Command line

    @Test func thePisCommandLineStartsUBootFromTheCard() throws {
        let board = try BoardCatalog(directory: BoardProfileTests.directory).profile("rpi3")
        let line = EmulatorCommandLine(
            board: board, emulation: try #require(board.emulation), card: URL(fileURLWithPath: "/tmp/a,b/card.img"),
            bootloader: URL(fileURLWithPath: "/tmp/u-boot.bin"), deviceTree: URL(fileURLWithPath: "/tmp/pi.dtb"),
            qmp: 7,
            qtest: 8, devices: ["tmp105,bus=i2c-bus.1,address=0x49"])
        let text = line.arguments.joined(separator: " ")
        #expect(text.contains("-machine raspi3b -smp 4 -m 1024M -accel tcg,thread=single"))
        #expect(text.contains("-kernel /tmp/u-boot.bin -dtb /tmp/pi.dtb"))
        #expect(text.contains("-drive if=sd,file=/tmp/a,,b/card.img,format=raw"))
        #expect(text.contains("-device usb-net,netdev=network"))
        #expect(
            text.contains("-device tmp105,id=t0,bus=i2c-bus.1,address=0x48 -device tmp105,bus=i2c-bus.1,address=0x49"))
        #expect(text.contains("-serial null -serial stdio"))
        #expect(text.contains("socket,id=qmp,fd=7"))
    }

    @Test func theFirstSerialPortIsConnectedWhereItIsNotTheConsole() throws {
        func text(_ name: String) throws -> String {
            let board = try BoardCatalog(directory: BoardProfileTests.directory).profile(name)
            return EmulatorCommandLine(
                board: board, emulation: try #require(board.emulation), card: URL(fileURLWithPath: "/tmp/card.img"),
                bootloader: URL(fileURLWithPath: "/tmp/u-boot.bin"), qmp: 7, qtest: 8, serial: 9
            ).arguments.joined(separator: " ")
        }
        #expect(try text("rpi3").contains("-chardev socket,id=serial,fd=9 -serial chardev:serial -serial stdio"))
        #expect(try !text("virt").contains("fd=9"))
    }

    @Test func virtsCommandLineHasNoDeviceTree() throws {
        let board = try BoardCatalog(directory: BoardProfileTests.directory).profile("virt")
        let line = EmulatorCommandLine(
            board: board, emulation: try #require(board.emulation), card: URL(fileURLWithPath: "/tmp/card.img"),
            bootloader: URL(fileURLWithPath: "/tmp/u-boot.bin"), qmp: 7, qtest: 8)
        let text = line.arguments.joined(separator: " ")
        #expect(text.contains("-cpu cortex-a53"))
        #expect(text.contains("-bios /tmp/u-boot.bin"))
        #expect(!text.contains("-dtb"))
        #expect(!text.contains("-serial null"))
        #expect(text.contains("-drive if=none,id=card,file=/tmp/card.img,"))
        #expect(text.contains("-device virtio-blk-device,drive=card"))
    }

    @Test func writesToACardWithVirtioAreNoted() throws {
        let board = try BoardCatalog(directory: BoardProfileTests.directory).profile("virt")
        let line = EmulatorCommandLine(
            board: board, emulation: try #require(board.emulation), card: URL(fileURLWithPath: "/tmp/a,b.img"),
            bootloader: URL(fileURLWithPath: "/tmp/u-boot.bin"), qmp: 7, qtest: 8,
            writeLog: URL(fileURLWithPath: "/tmp/c,d.log"))
        let text = line.arguments.joined(separator: " ")
        #expect(
            text.contains(
                "-blockdev driver=blklogwrites,node-name=card,file.driver=file,file.filename=/tmp/a,,b.img,"
                    + "file.cache.no-flush=on,log.driver=file,log.filename=/tmp/c,,d.log,log.cache.no-flush=on "
                    + "-device virtio-blk-device,drive=card"))
        #expect(!text.contains("-drive"))
    }

    @Test func othersMaySpeakToQEMUThroughSockets() throws {
        let board = try BoardCatalog(directory: BoardProfileTests.directory).profile("virt")
        var line = EmulatorCommandLine(
            board: board, emulation: try #require(board.emulation), card: URL(fileURLWithPath: "/tmp/card.img"),
            bootloader: URL(fileURLWithPath: "/tmp/u-boot.bin"), qmp: 7, qtest: 8)
        #expect(line.arguments.contains("socket,id=qtest,fd=8"))
        line.sockets = URL(fileURLWithPath: "/tmp/a,b")
        let words = line.arguments
        #expect(words.contains("socket,id=qmp,fd=7"))
        #expect(words.contains("socket,id=guest,path=/tmp/a,,b/qmp,server=on,wait=off"))
        #expect(words.contains("socket,id=qtest,path=/tmp/a,,b/qtest,server=on,wait=off"))
        #expect(!words.contains("socket,id=qtest,fd=8"))
    }
}

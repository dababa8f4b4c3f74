import Foundation
import Testing

@testable import fwtool

extension SystemTests {
    /// GPIO through the kernel's driver of the PL061, whose lines are driven from outside.
    @Suite struct GPIOTests {
        private static let settings = [("button.line", "GPIO0"), ("led.line", "GPIO7")]
        private static let edges = 10_000

        @Test func linesAreCountedDebouncedDescribedRefusedAndLeftSafe() async throws {
            try await Machine.boot("virt", settings: Self.settings) { machine in
                let chip = try await machine.emulator.qmp.device(ofType: "pl061")
                _ = try await machine.readings.next(from: "button-GPIO0")
                try await Self.users(machine)
                try await Self.levels(machine, chip)
                try await Self.outputs(machine)
                try await Self.openDrain(machine, chip)
                try await Self.changes(machine)
                try await Self.count(machine, chip)
                try await Self.debounce(machine, chip)
                try await Self.safeLevels(machine)
                try await Self.safeLevelOfAKilledApp(machine)
            }
        }

        /// A line in use is refused, and its user named.
        private static func users(_ machine: Machine) async throws {
            let refused = try await machine.shell.run("apus gpio get GPIO0; echo status $?")
            #expect(
                refused.contains("line 0 of the GPIO chip 9030000.pl061 is in use by \"WeatherStation button-GPIO0\""))
            #expect(refused.contains("status 30"))
            let info = try await machine.shell.run("apus gpio info GPIO0 GPIO7 9030000.pl061:1")
            #expect(
                info.contains(
                    "9030000.pl061:0  input  active-low  pull-up  both-edges  debounce-5000us  used by \"WeatherStation button-GPIO0\""
                ))
            #expect(info.contains("9030000.pl061:7  output  used by \"WeatherStation heartbeat-GPIO7\""))
            #expect(
                info.split(separator: "\n").contains { $0.hasPrefix("9030000.pl061:1  input") && !$0.contains("used") })
            let absent = try await machine.shell.run("apus gpio get GPIO8; echo status $?")
            #expect(
                absent.contains("the GPIO chip 9030000.pl061 has no line 8, only 0 to 7")
                    && absent.contains("status 30"))
        }

        /// Several lines are read at once, and turned round.
        private static func levels(_ machine: Machine, _ chip: String) async throws {
            for (line, high) in [(1, true), (2, false), (4, true)] {
                try await machine.emulator.qtest.setInput(line, of: chip, to: high)
            }
            let levels = try await machine.shell.run("apus gpio get GPIO4 GPIO1 GPIO2 | tr '\\n' ' '")
            #expect(levels.contains("GPIO4=1 GPIO1=1 GPIO2=0"))
            let turned = try await machine.shell.run("apus gpio get GPIO4 GPIO2 --active-low | tr '\\n' ' '")
            #expect(turned.contains("GPIO4=0 GPIO2=1"))
            for line in [1, 2, 4] { try await machine.emulator.qtest.setInput(line, of: chip, to: false) }
        }

        /// Lines that are set have their level at the chip, which keeps it when they are given back. One in use is left alone.
        private static func outputs(_ machine: Machine) async throws {
            try await machine.shell.run("apus gpio set GPIO3=1 GPIO4=0")
            #expect(try await voltage(of: 3, machine))
            #expect(try await voltage(of: 4, machine) == false)
            try await machine.shell.run("apus gpio set GPIO3=1 GPIO4=0 --active-low")
            #expect(try await voltage(of: 3, machine) == false)
            #expect(try await voltage(of: 4, machine))
            let left = try await machine.shell.run("apus gpio info GPIO3 GPIO4").split(separator: "\n").suffix(2)
            #expect(left.map { $0.contains("  output") } == [true, true])
            #expect(left.allSatisfy { !$0.contains("used") && !$0.contains("active-low") })
            // A look at them changes nothing.
            let levels = try await machine.shell.run("apus gpio get GPIO3 GPIO4 | tr '\\n' ' '")
            #expect(levels.contains("GPIO3=0 GPIO4=1"))
            #expect(try await machine.shell.run("apus gpio info GPIO4").contains("  output"))
            #expect(try await voltage(of: 4, machine))
            let safe = try await machine.shell.run(
                "printf 'line=gone:1\\nlevel=0\\n' > /run/apus/outputs/gone; apus gpio safe; "
                    + "echo status $?; rm /run/apus/outputs/gone; apus gpio safe; echo status $?")
            #expect(safe.contains("gone: no GPIO chip is labelled") && safe.contains("status 30"))
            #expect(safe.contains("status 0"), "\(safe)")
            let refused = try await machine.shell.run("apus gpio set GPIO0=1; echo status $?")
            #expect(
                refused.contains("line 0 of the GPIO chip 9030000.pl061 is in use by \"WeatherStation button-GPIO0\""))
            #expect(refused.contains("status 30"))
            #expect(try await voltage(of: 0, machine) == false)
        }

        /// A line that is held is nobody else's. As an open drain it pulls down or lets go: then it has the level of outside.
        /// The PL061 has none, so the kernel makes the line an input meanwhile.
        private static func openDrain(_ machine: Machine, _ chip: String) async throws {
            try machine.emulator.type("apus gpio set GPIO3=1 --drive open-drain --hold & held=$!")
            try await machine.shell.run(
                "until apus gpio info GPIO3 | grep -q 'used by \"apus gpio set\"'; do usleep 100000; done")
            for isHigh in [true, false, true] {
                try await machine.emulator.qtest.setInput(3, of: chip, to: isHigh)
                #expect(try await voltage(of: 3, machine) == isHigh)
            }
            let refused = try await machine.shell.run("apus gpio set GPIO3=0; echo status $?")
            #expect(refused.contains("line 3 of the GPIO chip 9030000.pl061 is in use by \"apus gpio set\""))
            #expect(refused.contains("status 30"))
            #expect(try await voltage(of: 3, machine))
            try await machine.shell.run(
                "kill $held; while apus gpio info GPIO3 | grep -q used; do usleep 100000; done; "
                    + "apus gpio set GPIO3=0 --drive open-drain")
            #expect(try await voltage(of: 3, machine) == false)
        }

        /// Who takes a line and gives it back is told as it happens.
        private static func changes(_ machine: Machine) async throws {
            let console = machine.emulator.console
            try machine.emulator.type("{ apus gpio info GPIO3 --follow --count 2; echo 'follow'ed $?; } &")
            // The line as it is comes when it is looked at.
            try await console.wait(for: "9030000.pl061:3  output\n", deadline: machine.deadline)
            try machine.emulator.type("apus gpio set GPIO3=1")
            try await console.wait(for: "requested ", deadline: machine.deadline)
            let requested = try await console.wait(for: "\n", deadline: machine.deadline)
            #expect(requested.hasSuffix(" 9030000.pl061:3  output  used by \"apus gpio set\"\n"))
            try await console.wait(for: "released ", deadline: machine.deadline)
            let released = try await console.wait(for: "\n", deadline: machine.deadline)
            #expect(released.hasSuffix(" 9030000.pl061:3  output\n"))
            try await console.wait(for: "followed 0", deadline: machine.deadline)
        }

        /// Every edge is seen once, in order. Each waits for the one before to be seen: an emulated interrupt that is late
        /// would merge two.
        private static func count(_ machine: Machine, _ chip: String) async throws {
            try await watch("GPIO1 --count \(edges)", machine)
            for edge in 1...edges {
                try await machine.emulator.qtest.setInput(1, of: chip, to: edge % 2 == 1)
                let kind = edge % 2 == 1 ? "rising" : "falling"
                try await machine.emulator.console.wait(for: "GPIO1 \(kind) ", deadline: machine.deadline)
                let rest = try await machine.emulator.console.wait(for: "\n", deadline: machine.deadline)
                #expect(rest.split(whereSeparator: \.isWhitespace).last == "\(edge)")
            }
            try await machine.emulator.console.wait(for: "watched 0", deadline: machine.deadline)
        }

        /// Bounces within a second of guest time make one event, a second later.
        private static func debounce(_ machine: Machine, _ chip: String) async throws {
            try await watch("GPIO2 --debounce 1000000 --count 2", machine)
            for toggle in 1...21 { try await machine.emulator.qtest.setInput(2, of: chip, to: toggle % 2 == 1) }
            let first = try await moment("GPIO2 rising ", 1, machine)
            try await machine.emulator.qtest.setInput(2, of: chip, to: false)
            let second = try await moment("GPIO2 falling ", 2, machine)
            #expect(second - first >= 1, "a bounce came through")
            try await machine.emulator.console.wait(for: "watched 0", deadline: machine.deadline)
        }

        /// Lines noted with a safe level get it unless somebody holds them, high or low, and keep it.
        private static func safeLevels(_ machine: Machine) async throws {
            for (line, level, isActiveLow) in [(0, 1, 0), (5, 0, 1), (6, 1, 0)] {
                #expect(try await voltage(of: line, machine) == false)
                try await machine.shell.run(
                    "printf 'line=9030000.pl061:\(line)\\nlevel=\(level)\\ndrive=push-pull\\nactive-low=\(isActiveLow)\\n' "
                        + "> /run/apus/outputs/9030000.pl061:\(line)")
            }
            try await machine.shell.run("apus gpio safe")
            #expect(try await voltage(of: 5, machine))
            #expect(try await voltage(of: 6, machine))
            let info = try await machine.shell.run("apus gpio info GPIO5 GPIO6 GPIO0")
            let lines = info.split(separator: "\n").suffix(3)
            #expect(lines.map { $0.contains("  output") } == [true, true, false])
            #expect(lines.map { $0.contains("used") } == [false, false, true], "the button's line is left alone")
            try await machine.shell.run("rm /run/apus/outputs/9030000.pl061:0 && ! ls /run/apus/outputs | grep -v :7")
        }

        /// The light was on when the app was killed. It goes out though the app does not come back.
        private static func safeLevelOfAKilledApp(_ machine: Machine) async throws {
            let app = try await machine.shell.appProcess()
            // In its place starts from now on a program that touches no line.
            try await machine.shell.run(
                "printf '#!/bin/sh\\nexec sleep 1000\\n' > /data/idle && chmod +x /data/idle "
                    + "&& mount -o bind /data/idle $(readlink /proc/\(app)/exe)")
            try await Deadline.within(machine.deadline, "the light was never on") {
                repeat {
                    try await machine.shell.run("kill -CONT \(app); usleep 100000; kill -STOP \(app)")
                } while try await !voltage(of: 7, machine)
            }
            let held = try await machine.shell.run("apus gpio info GPIO7")
            #expect(held.contains("  output  used by \"WeatherStation heartbeat-GPIO7\""))
            try await machine.shell.run(
                "kill -KILL \(app); until [ ! -e /run/apus/outputs/9030000.pl061:7 ]; do usleep 100000; done")
            #expect(try await voltage(of: 7, machine) == false)
            let left = try await machine.shell.run("! pidof WeatherStation && apus gpio info GPIO7")
            #expect(left.contains("  output") && !left.contains("used"))
        }

        /// What a meter would show at a line, whoever drives it.
        private static func voltage(of line: Int, _ machine: Machine) async throws -> Bool {
            // ARM PrimeCell GPIO (PL061) manual, section 3.3.1: GPIODATA, of which bits 9 to 2 of the address choose the lines.
            try await machine.emulator.qtest.byte(at: 0x0903_0000 + UInt64(1 << (line + 2))) != 0
        }

        /// The time of an event in seconds of the guest.
        private static func moment(_ text: String, _ number: Int, _ machine: Machine) async throws -> Double {
            try await machine.emulator.console.wait(for: text, deadline: machine.deadline)
            let words = try await machine.emulator.console.wait(for: "\n", deadline: machine.deadline)
                .split(whereSeparator: \.isWhitespace)
            #expect(words.count == 2 && words.last == "\(number)")
            return Double(words.first ?? "") ?? 0
        }

        /// Lets the board watch lines, beside the shell. When this returns, it has the lines.
        private static func watch(_ arguments: String, _ machine: Machine) async throws {
            try machine.emulator.type("{ apus gpio watch \(arguments); echo 'watch'ed $?; } &")
            let line = arguments.split(separator: " ")[0]
            try await machine.shell.run(
                "until apus gpio info \(line) | grep -q '\"apus gpio watch\"'; do usleep 100000; done")
        }
    }
}

import Foundation
import Testing

@testable import fwtool

extension SystemTests {
    /// GPIO through the kernel's driver of the PL061, whose lines are driven from outside.
    @Suite struct GPIOTests {
        private static let settings = [("button.line", "GPIO0"), ("led.line", "GPIO7")]
        private static let edges = 10_000

        @Test func linesAreCountedDebouncedDescribedAndRefused() async throws {
            try await Machine.boot("virt", settings: Self.settings) { machine in
                let chip = try await machine.emulator.qmp.device(ofType: "pl061")
                _ = try await machine.readings.next(from: "button-GPIO0")
                try await Self.users(machine)
                try await Self.levels(machine, chip)
                try await Self.count(machine, chip)
                try await Self.debounce(machine, chip)
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

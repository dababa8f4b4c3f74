import Testing

@testable import apus

struct ApusArgumentsTests {
    private func reason(_ arguments: String..., of command: Command = .update) -> String? {
        do {
            _ = try Arguments(arguments, of: command)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func takesValuesInBothSpellings() throws {
        let arguments = try Arguments(
            ["--trust", "a.pub", "x.apus", "--trust=b=c.pub", "--card=", "--json", "--running", "b"], of: .update)
        #expect(arguments.positional == "x.apus")
        #expect(arguments.all("--trust") == ["a.pub", "b=c.pub"])
        #expect(arguments["--trust"] == "b=c.pub")
        #expect(arguments["--card"] == "")
        #expect(arguments["--running"] == "b")
        #expect(arguments.has("--json"))
        #expect(!arguments.has("--restart"))
        #expect(arguments["--ca"] == nil)
        #expect(arguments.all("--ca") == [])
    }

    @Test func aDashIsAnArgumentAndTwoEndTheOptions() throws {
        #expect(try Arguments(["-"], of: .update).positional == "-")
        #expect(try Arguments(["--json", "--", "--restart"], of: .update).positional == "--restart")
        #expect(try !Arguments(["--", "--restart"], of: .update).has("--restart"))
        #expect(try Arguments(["--card", "-"], of: .slots)["--card"] == "-")
    }

    @Test func refusesWhatMakesNoSense() {
        #expect(reason() == "FILE|-|URL is missing")
        #expect(reason("--json") == "FILE|-|URL is missing")
        #expect(reason("x", "--force") == "there is no option --force")
        #expect(reason("x", "-j") == "there is no option -j")
        #expect(reason("x", "--force=\u{1B}[2J") == "there is no option --force")
        #expect(reason("x", "--f\u{1B}[2J") == "there is no option --f?[2J")
        #expect(reason("x", "--json=yes") == "--json takes no value")
        #expect(reason("x", "--trust") == "--trust needs FILE.pub")
        #expect(reason("x", "y") == "y is one argument too many")
        #expect(reason("x", of: .slots) == "x is one argument too many")
        #expect(reason("--running", "c", of: .slots) == "--running is a or b")
        #expect(reason("--restart", of: .slots) == "there is no option --restart")
        #expect(reason("--running=a", of: .slots) == nil)
    }

    @Test func takesAsManyArgumentsAsTheCommandHas() throws {
        #expect(try Arguments(["GPIO1", "--json", "PIN3"], of: .gpioGet).positionals == ["GPIO1", "PIN3"])
        #expect(try Arguments([], of: .gpioInfo).positionals == [])
        #expect(reason(of: .gpioGet) == "LINE... is missing")
        #expect(reason("i2c-1", of: .i2cRead) == "BUS ADDRESS [REGISTER...] is missing")
        #expect(reason("i2c-1", "0x48", "0", of: .i2cRead) == nil)
        #expect(reason("i2c-1", "i2c-2", of: .i2cScan) == "i2c-2 is one argument too many")
    }

    @Test(arguments: [("0", 0), ("72", 72), ("0x48", 0x48), ("0xFF", 255), ("255", 255), ("007", 7)])
    func readsNumbers(text: String, number: Int) throws {
        #expect(try Arguments.number(text, "BYTE", in: 0...255) == number)
    }

    @Test(arguments: [
        "", "0x", "256", "-1", "+1", "0x-1", "0x+1", "1 ", "1e2", "ff", "0X10", "99999999999999999999", "٣",
    ])
    func refusesWhatIsNoNumber(text: String) {
        #expect(throws: UsageError(reason: "\(text) is no BYTE, which is a number from 0 to 255")) {
            try Arguments.number(text, "BYTE", in: 0...255)
        }
    }

    /// A name of two words must not hide another command.
    @Test func everyCommandIsFoundByItsName() {
        let names = Apus.commands.map { $0.name.split(separator: " ").map(String.init) }
        for (index, name) in names.enumerated() {
            #expect(names.firstIndex { name.starts(with: $0) } == index)
            #expect((1...2).contains(name.count))
        }
    }

    @Test(arguments: [("1024", 1024), ("2k", 2000), ("200k", 200_000), ("1M", 1_000_000)])
    func readsRates(text: String, rate: Int) throws {
        #expect(try Arguments.rate(text) == rate)
    }

    @Test(arguments: [
        "", "k", "M", "1023", "1k", "0", "-5000", "+5000", "5000 ", "1e9", "2K", "2.5M", "99999999999999999999",
        "9223372036854775807k", "２０００",
    ])
    func refusesOtherRates(text: String) {
        #expect(throws: UsageError.self) { try Arguments.rate(text) }
        #expect(reason("x", "--rate-limit", text)?.hasPrefix("--rate-limit is a number") == true)
    }

    @Test(arguments: [
        (0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (1999, "1.9 kB"), (999_999, "999.9 kB"),
        (22_160_000, "22.1 MB"), (3_000_000_000, "3.0 GB"),
    ])
    func sizesAreShort(bytes: Int, text: String) {
        #expect(Output.size(bytes) == text)
    }

    @Test func nothingDrivesTheTerminal() {
        #expect(Output.printable("ä\u{1B}[2J\n\u{7F}x") == "ä?[2J??x")
    }

    @Test func theHelpHasEverything() {
        for command in Apus.commands {
            let text = Help.text(of: command)
            #expect(Help.overview.contains("  \(command.name) "))
            #expect(Help.overview.contains(command.summary))
            #expect(text.hasPrefix("apus \(command.name): \(command.summary)\n"))
            #expect(text.contains("USAGE: apus \(command.name)\(command.argument.map { " \($0)" } ?? "") [OPTIONS]\n"))
            for option in command.options {
                #expect(text.contains("\n  \(option.name)\(option.value.map { " \($0)" } ?? "") "))
                #expect(text.contains("  \(option.help)\n"))
            }
            #expect(!command.examples.isEmpty)
            for example in command.examples { #expect(text.contains("  \(example.line)\n      \(example.meaning)")) }
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 })
        }
    }
}

/// The command line makes no sense.
struct UsageError: Error, Equatable {
    let reason: String
}

/// A command's arguments, checked against its options.
struct Arguments: Equatable {
    private(set) var positionals: [String] = []
    private var values: [String: [String]] = [:]

    /// Takes `--name VALUE`, `--name=VALUE`, and `--` before an argument that begins with a dash. `-` alone is an argument.
    init(_ arguments: [String], of command: Command) throws(UsageError) {
        var rest = arguments[...]
        var areOptionsOver = false
        while let argument = rest.popFirst() {
            if argument == "--", !areOptionsOver {
                areOptionsOver = true
            } else if argument.hasPrefix("-"), argument != "-", !areOptionsOver {
                let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let option = command.options.first(where: { $0.name == parts[0] }) else {
                    throw UsageError(reason: "there is no option \(Output.printable(String(parts[0])))")
                }
                guard let name = option.value else {
                    guard parts.count == 1 else { throw UsageError(reason: "\(option.name) takes no value") }
                    values[option.name] = []
                    continue
                }
                guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                    throw UsageError(reason: "\(option.name) needs \(name)")
                }
                values[option.name, default: []].append(value)
            } else {
                guard command.argument != nil, positionals.count < command.count.upperBound else {
                    throw UsageError(reason: "\(Output.printable(argument)) is one argument too many")
                }
                positionals.append(argument)
            }
        }
        if let name = command.argument, positionals.count < command.count.lowerBound {
            throw UsageError(reason: "\(name) is missing")
        }
        for (option, allowed) in [("--running", ["a", "b"])] {
            if let value = self[option], !allowed.contains(value) {
                throw UsageError(reason: "\(option) is \(allowed.joined(separator: " or "))")
            }
        }
        if let text = self["--rate-limit"] { _ = try Self.rate(text) }
    }

    /// The first argument that is no option.
    var positional: String? { positionals.first }

    /// The last value of an option.
    subscript(_ option: String) -> String? { values[option]?.last }

    func all(_ option: String) -> [String] { values[option] ?? [] }

    func has(_ option: String) -> Bool { values[option] != nil }

    /// An option's value as a number.
    func number(_ option: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = self[option] else { return nil }
        return try Self.number(text, option, in: range)
    }

    /// Decimal, or hexadecimal behind 0x.
    static func number(_ text: String, _ what: String, in range: ClosedRange<Int>) throws(UsageError) -> Int {
        let isHexadecimal = text.hasPrefix("0x")
        let digits = isHexadecimal ? text.dropFirst(2) : text[...]
        // Int would take a sign.
        guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-"),
            let number = Int(digits, radix: isHexadecimal ? 16 : 10), range.contains(number)
        else {
            let end = range.upperBound == Int.max ? "" : " to \(range.upperBound)"
            throw UsageError(
                reason: "\(Output.printable(text)) is no \(what), which is a number from \(range.lowerBound)\(end)")
        }
        return number
    }

    /// Bytes a second: a number, or one with k (1000) or M (1,000,000).
    static func rate(_ text: String) throws(UsageError) -> Int {
        let factor = text.hasSuffix("k") ? 1000 : text.hasSuffix("M") ? 1_000_000 : 1
        let digits = factor == 1 ? text[...] : text.dropLast()
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
            case (let rate, let overflow) = number.multipliedReportingOverflow(by: factor), !overflow, rate >= 1024
        else { throw UsageError(reason: "--rate-limit is a number of bytes a second from 1024, as in 200k or 1M") }
        return rate
    }
}

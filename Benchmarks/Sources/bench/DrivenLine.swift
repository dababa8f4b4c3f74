import Foundation

/// An input line of the virt board's PL061 that is driven from outside.
final class DrivenLine {
    /// Of the board profile; its number is the address of its registers.
    static let chip = "9030000.pl061"
    static let offset = 1

    /// GPIORIS, which lines have interrupts that nobody has acknowledged (ARM DDI 0190, section 3.2).
    private static let interrupts = 0x903_0000 + 0x414

    private let board: EmulatedBoard
    private let qtest: QEMUSocket
    private let path: String
    private var level = false

    /// - Throws: when the board's QEMU has no such chip.
    init(_ board: EmulatedBoard) throws {
        self.board = board
        let qmp = try board.socket("qmp")
        // The greeting.
        _ = try qmp.next()
        _ = try Self.ask(qmp, #"{"execute":"qmp_capabilities"}"#)
        let folder = "/machine/unattached"
        let answer = try Self.ask(qmp, #"{"execute":"qom-list","arguments":{"path":"\#(folder)"}}"#)
        let children = answer as? [[String: Any]] ?? []
        guard let name = children.first(where: { $0["type"] as? String == "child<pl061>" })?["name"] as? String else {
            throw BenchError("the emulated board has no PL061")
        }
        path = "\(folder)/\(name)"
        qtest = try board.socket("qtest")
    }

    /// Starts a program on the board that says `ready`, takes so many edges, tells `name=value` pairs and ends.
    ///
    /// - Returns: the pairs, and how many edges more it took to end the program: as many have become one with another before
    ///   the kernel saw them, or were lost.
    func drive(_ program: String, edges: Int, every gap: Duration) throws -> (values: [String: Double], missed: Int) {
        try board.begin(program)
        while let line = try board.line(within: .seconds(60)) {
            if line == "ready" { break }
            if line.hasPrefix("failed") || line.hasPrefix("<status") { throw BenchError("'\(program)': \(line)") }
        }
        var next = ContinuousClock.now
        for _ in 0..<edges {
            try toggle()
            // What is late stays late: edges that catch up would come too fast.
            next = max(next + gap, .now)
            Thread.sleep(forTimeInterval: (next - .now) / .seconds(1))
        }
        var missed = 0
        var values: [String: Double] = [:]
        while true {
            // A program that has them all may be a while about its end.
            if let line = try board.line(within: missed == 0 ? .seconds(3) : .milliseconds(100)) {
                values.merge(EmulatedBoard.values(line)) { $1 }
                if line == "<status 0>" { return (values, missed) }
                if line.hasPrefix("failed") || line.hasPrefix("<status") { throw BenchError("'\(program)': \(line)") }
                continue
            }
            guard missed < edges else { throw BenchError("'\(program)' does not end") }
            missed += 1
            try toggle()
        }
    }

    /// Changes the line's level and waits until the board has taken notice, for a change back before that would be none; not
    /// for ever, because a program that has ended takes none.
    private func toggle() throws {
        level.toggle()
        try ask("set_irq_in \(path) unnamed-gpio-in \(Self.offset) \(level ? 1 : 0)")
        let deadline = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < deadline {
            let answer = try ask("readl \(Self.interrupts)")
            guard let word = answer.split(separator: " ").last, let value = UInt64(word.dropFirst(2), radix: 16) else {
                throw BenchError("QEMU's answer is not understood: \(answer)")
            }
            if value >> Self.offset & 1 == 0 { return }
            Thread.sleep(forTimeInterval: 0.000_2)
        }
    }

    @discardableResult
    private func ask(_ command: String) throws -> String {
        let answer = try qtest.ask(command)
        guard answer.hasPrefix("OK") else { throw BenchError("QEMU refuses '\(command)': \(answer)") }
        return answer
    }

    /// Events may come before the answer.
    private static func ask(_ qmp: QEMUSocket, _ command: String) throws -> Any {
        var line = try qmp.ask(command)
        while true {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            if let answer = object["return"] { return answer }
            if object["error"] != nil { throw BenchError("QEMU refuses '\(command)': \(line)") }
            line = try qmp.next()
        }
    }
}

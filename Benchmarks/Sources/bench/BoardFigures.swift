import Foundation

/// What hardware-bench tells of lines and buses on emulated boards, in five rounds of one boot.
enum BoardFigures {
    /// Odd, so that medians are values that were seen.
    static let rounds = 5

    static var all: [any Figure] { [I2CFigures(), EdgeFigures(), EdgeMailboxFigures(), ManySensorsFigures()] }

    /// The program, built for the boards by `make bench`.
    static func program(_ place: Workplace) throws -> URL {
        try file(".build-boards/release/hardware-bench", place)
    }

    /// Debian's, brought here by `make bench`.
    static func gpiomon(_ place: Workplace) throws -> URL { try file("build/bench/gpiomon/gpiomon", place) }

    private static func file(_ path: String, _ place: Workplace) throws -> URL {
        let file = place.root.appendingPathComponent(path)
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw BenchError("\(file.path) is missing; run: make bench")
        }
        return file
    }

    static func versions(_ target: String, _ place: Workplace) throws -> [String: String] {
        var versions = try Versions.bundle(target, place)
        versions["qemu"] = try Versions.program("qemu-system-aarch64", from: place)
        return versions
    }
}

/// Transactions of the Pi 3's I2C controller with a TMP105, beside a C loop over the same ioctl.
struct I2CFigures: Figure {
    let names = ["i2c.transfer", "i2c.transfer.staying", "i2c.transfer.called"]

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let board = try EmulatedBoard(place, target: "rpi3", files: [try BoardFigures.program(place)])
        defer { board.stop() }
        let rounds = try board.run("/data/hardware-bench i2c /dev/i2c-1 48 1000", limit: .seconds(600))
            .map(EmulatedBoard.values)
        let versions = try BoardFigures.versions("rpi3", place)
        return try zip(names, ["performed", "staying", "called"]).map { name, key in
            let values = try rounds.map { round in
                guard let ours = round[key], let peer = round["c"] else { throw BenchError("no result \(key)") }
                return Record.Value(ours: ours / 1000, peer: peer / 1000)
            }
            return try Record(name, .microseconds, values, versions: versions, load: load)
        }
    }
}

/// Edges of a line that is driven from outside, beside gpiomon: at a rate at which that one misses none.
struct EdgeFigures: Figure {
    let names = ["gpio.edges.lost", "gpio.edge.cpu", "gpio.edge.cpu.iterated"]

    private static let edges = 1000
    /// The fastest first. Of faster ones an emulated chip and the kernel's thread for its interrupts make one of two.
    private static let gaps: [Duration] = [4, 8, 16, 32].map { .milliseconds($0) }

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let board = try EmulatedBoard(
            place, target: "virt", files: [try BoardFigures.program(place), try BoardFigures.gpiomon(place)])
        defer { board.stop() }
        let line = try DrivenLine(board)
        func run(_ program: String, _ edges: Int = Self.edges, gap: Duration) throws -> (
            values: [String: Double], missed: Int
        ) {
            let words = program.replacingOccurrences(of: "COUNT", with: "\(edges)")
            return try line.drive(
                "/data/hardware-bench cpu \(DrivenLine.chip) \(DrivenLine.offset) \(words)", edges: edges, every: gap)
        }
        let peer = "/data/gpiomon --chip gpiochip0 --num-events COUNT \(DrivenLine.offset)"
        let ours = ["edges", "edges-iterated"].map {
            "/data/hardware-bench \($0) \(DrivenLine.chip) \(DrivenLine.offset) COUNT"
        }

        // Several times: what takes the processor from the emulator for longer than a gap makes one of two edges, too.
        let tries = (0..<3).flatMap { _ in Self.gaps }
        let gap = try tries.first { gap in
            let missed = try run(peer, gap: gap).missed
            Bench.say("an edge in \(gap): gpiomon misses \(missed) of \(Self.edges)")
            return missed == 0
        }
        guard let gap else {
            throw BenchError("gpiomon itself misses edges at every rate; measure when this machine is less busy")
        }
        var lost: [Record.Value] = []
        var cpu: [[Record.Value]] = [[], []]
        let programs = [peer] + ours
        // The emulator translates code when it runs first.
        for program in programs { _ = try run(program, 50, gap: gap) }
        for round in 0..<BoardFigures.rounds {
            var results: [String: [String: Double]] = [:]
            // Each goes first in turn.
            for program in programs.indices.map({ programs[($0 + round) % programs.count] }) {
                let result = try run(program, gap: gap)
                results[program] = result.values
                Bench.say("an edge in \(gap): \(result.values), \(result.missed) more needed; \(program)")
            }
            guard let theirs = results[peer]?["cpu"] else { throw BenchError("no processor time of gpiomon") }
            var ourLost = 0.0
            for (index, program) in ours.enumerated() {
                guard let mine = results[program]?["cpu"], let missing = results[program]?["lost"] else {
                    throw BenchError("no processor time of \(program)")
                }
                ourLost += missing
                let edges = Double(Self.edges) * 1000
                cpu[index].append(.init(ours: mine / edges, peer: theirs / edges))
            }
            lost.append(.init(ours: ourLost))
        }
        var versions = try BoardFigures.versions("virt", place)
        versions["gpiomon"] = try place.run(
            "sh", "-c", "dpkg-deb --field \(place.scratch.path)/gpiomon/gpiod_*.deb Version"
        ).output.trimmingCharacters(in: .newlines)
        versions["an edge in"] = "\(gap)"
        return [
            try Record(names[0], .one, lost, versions: versions, load: load, mayBeZero: true),
            try Record(names[1], .microseconds, cpu[0], versions: versions, load: load),
            try Record(names[2], .microseconds, cpu[1], versions: versions, load: load),
        ]
    }
}

/// From the kernel's time stamp of an edge to its reading in the mailbox of a publisher.
struct EdgeMailboxFigures: Figure {
    let names = ["edge.mailbox.p50", "edge.mailbox.p99"]

    private static let edges = 500
    /// Each edge by itself.
    private static let gap = Duration.milliseconds(20)

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let board = try EmulatedBoard(place, target: "virt", files: [try BoardFigures.program(place)])
        defer { board.stop() }
        let line = try DrivenLine(board)
        let results = try (0..<BoardFigures.rounds).map { _ in
            try line.drive(
                "/data/hardware-bench mailbox \(DrivenLine.chip) \(DrivenLine.offset) \(Self.edges)",
                edges: Self.edges, every: Self.gap
            ).values
        }
        let versions = try BoardFigures.versions("virt", place)
        return try zip(names, ["p50", "p99"]).map { name, key in
            let values = results.map { Record.Value(ours: ($0[key] ?? .infinity) / 1000) }
            return try Record(name, .microseconds, values, versions: versions, load: load)
        }
    }
}

/// 200 sensors on the Pi 3's three buses, once a second for five minutes.
struct ManySensorsFigures: Figure {
    let names = ["sensors.200.missed", "sensors.200.late.p99", "sensors.200.cpu"]

    private static let seconds = 300

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        // The board profile has one of the chips.
        let devices = (0..<3).flatMap { bus in
            (0x48...0x4F).filter { bus != 1 || $0 != 0x48 }
                .map { "tmp105,bus=i2c-bus.\(bus),address=0x\(String($0, radix: 16))" }
        }
        let board = try EmulatedBoard(
            place, target: "rpi3", devices: devices, files: [try BoardFigures.program(place)])
        defer { board.stop() }
        let output = try board.run(
            "/data/hardware-bench sensors \(Self.seconds)", limit: .seconds(Self.seconds + 300))
        for line in output { Bench.say(line) }
        let result = EmulatedBoard.values(output.last ?? "")
        guard let missed = result["missed"], let late = result["late.p99"], let cpu = result["cpu"] else {
            throw BenchError("200 sensors gave no result: \(output.suffix(5).joined(separator: "\n    "))")
        }
        let versions = try BoardFigures.versions("rpi3", place)
        return [
            try Record(names[0], .one, [.init(ours: missed)], versions: versions, load: load, mayBeZero: true),
            try Record(names[1], .milliseconds, [.init(ours: late / 1e6)], versions: versions, load: load),
            try Record(names[2], .milliseconds, [.init(ours: cpu / 1e6)], versions: versions, load: load),
        ]
    }
}

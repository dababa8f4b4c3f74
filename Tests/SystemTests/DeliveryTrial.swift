import BrokerFixture
import Foundation
internal import JSON
import Testing

@testable import fwtool

/// A device that runs the Recorder (Tests/Firmware/Recorder), its broker, and what goes wrong between them.
actor DeliveryTrial {
    /// The device's name.
    static let device = "recorder"
    /// For anything that must happen: generous, because the host may be busy with other things.
    static let deadline = Duration.seconds(600)
    /// PID 1 waits longer before each restart of an app that does not run for a minute, and gives up at ten.
    private static let mostKills = 4
    /// Numbers that must be missing besides the first ones, when a bound is to be exceeded: some seconds' worth.
    private static let leastMissing: Int64 = 100

    private let board: BoardProfile
    private let card: EmulatorCard
    private let folder: URL
    private let broker: RecordingBroker
    private var random: Random
    private let name: String
    private let bounds: DeliveryBounds

    private var proxy: Proxy?
    private let port: Int
    private var judgement: DeliveryJudgement
    private var present: [DeliveryFault.Place: DeliveryFault] = [:]
    private var messages = 0
    /// What the consoles of all boots said.
    private var consoles = ""
    /// The device's next number, once everything is delivered.
    private var next: Int64?
    /// The reasons for which numbers were missing, by the app's word.
    private var missingReasons: Set<String> = []

    private var rest: ArraySlice<DeliveryStep> = []
    private var startCut: Double?
    /// The host's time before the board began to start, and the beginning of its boot's id.
    private var startMoment = 0.0
    private var boot = ""
    /// Since the board's power-on: bytes of the console that are read; since its start: the app's deaths.
    private var consoleBytes = 0
    private var kills = 0
    /// Whether anybody has set the clock since the board was made.
    private var isClockSet = false
    /// Whether the sensors pause that have their readings stored at once.
    private var isResting = false

    private init(
        name: String, bounds: DeliveryBounds, random: Random, broker: RecordingBroker, in folder: URL
    ) throws {
        (self.name, self.random, self.broker, self.folder) = (name, random, broker, folder)
        (self.bounds, judgement) = (bounds, DeliveryJudgement(bounds: bounds))
        board = try BoardCatalog(directory: Machine.checkout.appendingPathComponent("BoardProfiles")).profile("virt")
        let proxy = try Proxy(to: broker.port)
        (self.proxy, port) = (proxy, proxy.port)
        let image = try Machine.image(for: "virt", app: "Recorder")
        card = try EmulatorCard(file: image).copy(to: folder.appendingPathComponent("card.img"))
        try card.addToData(URL(fileURLWithPath: try Certificates.path("ca.pem")), as: "ca.pem")
        let settings: [(key: String, value: String)] = [
            ("device", Self.device), ("broker", "mqtts://10.0.2.2:\(port)"), ("broker.ca", "/data/ca.pem"),
            // The shortest: a silent broker is noticed after some seconds.
            ("broker.keepalive", "5"), ("console", "shell"),
        ]
        try card.provision(settings + bounds.settings)
    }

    /// Takes a new device through some steps, then heals all, lets it deliver everything, and judges what came.
    ///
    /// - Parameters:
    ///   - name: of the trial, with its seed.
    ///   - bounds: what the device's outbox may hold.
    ///   - check: done while the device still runs and nothing is wrong.
    static func run(
        _ name: String, _ steps: [DeliveryStep], bounds: DeliveryBounds = DeliveryBounds(), random: Random,
        check: @escaping @Sendable (Shell) async throws -> Void = { _ in }
    ) async throws {
        let image = try Machine.image(for: "virt", app: "Recorder")
        try await TemporaryFolder.with(beside: image) { folder in
            let broker = try RecordingBroker(in: folder)
            let trial = try DeliveryTrial(name: name, bounds: bounds, random: random, broker: broker, in: folder)
            do {
                try await broker.start()
                try await trial.run(steps, check)
            } catch {
                await trial.stop()
                throw error
            }
            await trial.stop()
        }
    }

    private func stop() async {
        proxy?.resume()
        proxy?.stop()
        await broker.stop()
    }

    private func run(_ steps: [DeliveryStep], _ check: @escaping @Sendable (Shell) async throws -> Void) async throws {
        rest = steps[...]
        var isDone = false
        while !isDone {
            consoleBytes = 0
            startMoment = Self.now
            let cached = try CachedCard(card, in: folder)
            isDone = try await Emulator.with(board, card: card, in: folder, writeLog: cached.log) { emulator in
                do {
                    let isDone = try await self.live(emulator, check)
                    await self.keep(emulator.console.text)
                    return isDone
                } catch {
                    // Where the app's threads are, and its connections; for a device that answers no more it is no loss.
                    try? emulator.type(
                        "for t in /proc/$(pidof Recorder)/task/*; do cat $t/comm $t/wchan $t/syscall $t/stack; "
                            + "grep ctxt $t/status; done; ls -l /proc/$(pidof Recorder)/fd; netstat -atn; "
                            + "printf 'threads %s\\n' shown")
                    _ = try? await emulator.console.wait(for: "threads shown", deadline: .seconds(60))
                    await self.tellOfWay()
                    Issue.record("\(self.name): the console ended with:\n\(emulator.console.tail(lines: 80))")
                    await self.keep(emulator.console.text)
                    try? await self.keepEvidence()
                    throw error
                }
            }
            if !isDone { tell("of the card \(try cached.loseCache(using: &random))") }
        }
        try await readMessages()
        judgement.clocks.ended(at: Self.now)
        let violations = judgement.violations(through: next.map { $0 - 1 })
        tell("\(judgement.count) readings in \(messages) messages, \(judgement.toldCount) told to be stored")
        #expect(judgement.toldCount > 0)
        let reasons = judgement.reasons
        #expect(missingReasons.isSubset(of: reasons), "\(name): there are gaps for the reasons \(reasons.sorted())")
        if !violations.isEmpty { try keepEvidence() }
        #expect(violations.isEmpty, "\(name): \(violations.map { "\($0)" }.sorted().joined(separator: "\n"))")
    }

    /// How it stands with the broker and the way to it: whether it was the device at all.
    private func tellOfWay() {
        let ports = "sport = :\(port) or dport = :\(port) or sport = :\(broker.port)"
        tell("connections:\n\((try? Command("ss", ["-Htanp", ports]).run()) ?? "not known")")
        for port in [port, broker.port] {
            let answer = try? Command(
                "openssl", ["s_client", "-connect", "127.0.0.1:\(port)", "-brief", "-no-interactive"], deadline: 10
            ).execute()
            tell("TLS at port \(port): \(answer?.errors ?? "cannot be tried")")
        }
    }

    /// The host's time.
    private static var now: Double { Date().timeIntervalSince1970 }

    private func keep(_ console: String) { consoles += console + "\n---- power off\n" }

    /// Puts what was seen where it can be looked at.
    private func keepEvidence() throws {
        let place = Machine.checkout.appendingPathComponent("build/failed-delivery")
        try? FileManager.default.removeItem(at: place)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try Data(consoles.utf8).write(to: place.appendingPathComponent("console"))
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasPrefix("messages-") {
            try FileManager.default.copyItem(
                at: folder.appendingPathComponent(name), to: place.appendingPathComponent(name))
        }
        tell("console and messages are in \(place.path)")
    }

    /// At once, also into a file: it takes long.
    private func tell(_ line: String) {
        print("delivery \(name): \(line)")
        fflush(nil)
    }

    // MARK: - The device's days

    /// From power-on to the next power cut.
    ///
    /// - Returns: whether all steps are done, and all is delivered.
    private func live(
        _ emulator: Emulator, _ check: @escaping @Sendable (Shell) async throws -> Void
    ) async throws -> Bool {
        if let startCut {
            self.startCut = nil
            // The cut's moment is what is chosen; nothing is waited for, and how far the start came is not known.
            try await Task.sleep(for: .seconds(startCut))
            await cutPower(emulator)
            return false
        }
        let shell = Shell(emulator: emulator, deadline: Self.deadline)
        try await started(emulator, shell)
        // It would change how much room there is.
        try await shell.run("until grep -q grown /data/apus/events; do usleep 200000; done")
        while let step = rest.popFirst() {
            switch step {
            case .work(let seconds): try await Task.sleep(for: .seconds(seconds))
            case .cutStart(let seconds): startCut = seconds
            case .rest:
                try await shell.run("touch /tmp/rest")
                isResting = true
            case .disconnected: try await awaitConnection(false, emulator, shell)
            case .missing(let reason): try await awaitMissing(reason, emulator, shell)
            case .quiet: try await shell.run(Self.beQuiet)
            case .deliverAll:
                for place in DeliveryFault.Place.allCases { try await heal(place, emulator, shell) }
                try await deliverAll(emulator, shell)
                try await shell.run("rm /tmp/quiet")
            case .goOn: try await goOn(emulator, shell)
            case .healAndRead(let place, let sentence):
                try await heal(place, emulator, shell, isAwaited: false)
                try await emulator.console.wait(for: sentence, deadline: Self.deadline)
            case .heal(let place): try await heal(place, emulator, shell)
            case .begin(let fault):
                guard try await begin(fault, emulator, shell) else { return false }
            case .beginAndRead(let fault):
                guard try await begin(fault, emulator, shell, isAwaited: false) else { return false }
                guard let sentence = fault.sentence else { continue }
                try await emulator.console.wait(for: sentence, deadline: Self.deadline)
            }
        }
        for place in DeliveryFault.Place.allCases { try await heal(place, emulator, shell) }
        try await goOn(emulator, shell)
        try await deliverAll(emulator, shell)
        try await check(shell)
        readConsole(emulator)
        return true
    }

    /// Waits until the board has started, and its shell.
    private func started(_ emulator: Emulator, _ shell: Shell) async throws {
        try await emulator.console.wait(for: "built-in shell", deadline: Self.deadline)
        // Said before it started: of a disk that may have been full then.
        readConsole(emulator)
        kills = 0
        isResting = false
        judgement.happened(.restart)
        let boot = String(try await shell.run("cat /proc/sys/kernel/random/boot_id").prefix(8))
        guard boot.count == 8, boot != self.boot else {
            throw FwtoolError("the board has not started: the boot is \(boot), as before it was \(self.boot)")
        }
        self.boot = boot
        judgement.clocks.booted(boot, since: startMoment, at: Self.now)
    }

    /// Sees that the device has not only survived what is over, but works.
    private func goOn(_ emulator: Emulator, _ shell: Shell) async throws {
        if present.isEmpty { try await awaitConnection(true, emulator, shell) }
        // Whether a full disk hinders it depends on what lies on it, and sensors that rest have nothing stored.
        guard present[.disk] == nil, !isResting else { return }
        // What was told before that counts for nothing.
        try await shell.run(":")
        try await Deadline.within(Self.deadline, "the device has told of nothing more that is stored") {
            // Either may be what hangs.
            var sensors: Set = ["stored-fast", "stored-slow"]
            var told: [DeliveryJudgement.Series: Int] = [:]
            while !sensors.isEmpty {
                let line = try await emulator.console.nextLine()
                guard let new = DeliveryLedger.told(line[...]), new.promise == .stored else { continue }
                // What is told first may have been stored before. What is told after it was not.
                if let first = told[new.series], first < new.values.upperBound {
                    sensors.remove(String(new.series.sensor.prefix { $0 != "." }))
                }
                told[new.series] = told[new.series] ?? new.values.upperBound
            }
        }
    }

    /// Waits until the app says that it is connected, or that it is not.
    private func awaitConnection(_ isConnected: Bool, _ emulator: Emulator, _ shell: Shell) async throws {
        let what = isConnected ? "has not connected" : "has not noticed that it is not connected"
        try await Deadline.within(Self.deadline, "the device \(what)") { [self] in
            while true {
                if let status = try await outbox(shell), status["stale"] == false,
                    status["transports"]?.arrayValue?.first?.objectValue?["connected"] == .bool(isConnected)
                {
                    return
                }
                if isConnected { try await nudge(emulator) }
                // The device's own time: it tells nothing new before.
                try await shell.run("sleep 1")
            }
        }
    }

    /// Waits until the app says that numbers are missing for a reason, while nothing reaches the broker and the sensors
    /// go on.
    private func awaitMissing(_ reason: String, _ emulator: Emulator, _ shell: Shell) async throws {
        let what = "the device has given up too little for the reason '\(reason)'"
        let (status, count) = try await Deadline.within(Self.deadline, what) { try await self.missing(reason, shell) }
        missingReasons.insert(reason)
        func number(_ key: String) throws -> Int64 { try #require(status[key]?.integerValue, "\(key)") }
        // What it says of its bounds.
        let bytes = try number("bytes")
        let limit = try number("limit")
        let memory = try number("memory")
        #expect(bytes <= limit)
        if let most = bounds.bytes { #expect(limit == Int64(most)) }
        if let most = bounds.memory { #expect(memory <= Int64(most)) }
        guard reason == "full" else { return }
        // A page or two are free again when a block has made room.
        #expect(bytes >= limit - 4 * 4096)
        let disk = try number("disk")
        if let least = bounds.leastInFile { #expect(disk >= least) }
        // What reached the broker before is known then.
        try await catchUp(emulator)
        let transport = status["transports"]?.arrayValue?.first?.objectValue
        judgement.madeRoom(count, behind: try #require(transport?["position"]?.integerValue))
    }

    /// What the app says of its outbox when many more numbers are missing for a reason than at first, and how many more.
    /// Of what makes room first a part may have been delivered.
    private func missing(_ reason: String, _ shell: Shell) async throws -> (status: JSON.Object, count: Int64) {
        var first: Int64?
        while true {
            if let status = try await outbox(shell), status["stale"] == false,
                let count = status["missing"]?.objectValue?[reason]?.integerValue, count > 0
            {
                let before = first ?? count
                if count >= before + Self.leastMissing { return (status, count - before) }
                first = before
            }
            // The device's own time: it tells nothing new before.
            try await shell.run("sleep 1")
        }
    }

    private static let beQuiet = "touch /tmp/quiet"

    /// Returns when nothing waits any more, because the sensors are told to be quiet.
    private func deliverAll(_ emulator: Emulator, _ shell: Shell) async throws {
        try await Deadline.within(Self.deadline, "the device has not delivered everything") { [self] in
            try await shell.run(Self.beQuiet)
            var last: Int64?
            while true {
                let status = try await outbox(shell)
                // The same twice: the status is a second old.
                if let status, status["depth"] == 0, status["stale"] == false,
                    case .integer(let next)? = status["next"]
                {
                    if next == last { return await settle(next) }
                    last = next
                } else {
                    last = nil
                    // Not to wait for the end of a long delay.
                    try await nudge(emulator)
                }
                // The device's own time: it has nothing to tell before.
                try await shell.run("sleep 2")
            }
        }
        try await catchUp(emulator)
        if let next { judgement.delivered(below: next) }
    }

    private func settle(_ next: Int64) { self.next = next }

    /// What the app says of its outbox; nil while it says nothing.
    private func outbox(_ shell: Shell) async throws -> JSON.Object? {
        let text = try await shell.run("apus outbox --json || true")
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("{") }) else { return nil }
        return try? JSON(parsing: String(line)).objectValue
    }

    /// Has the device try again to connect, as it does whenever an address changes.
    private func nudge(_ emulator: Emulator) throws {
        // An address that nobody has (RFC 5737).
        try emulator.type("ip addr add 192.0.2.1/32 dev lo; ip addr del 192.0.2.1/32 dev lo")
    }

    // MARK: - What it said, and what it sent

    private func readConsole(_ emulator: Emulator) {
        let text = Array(emulator.console.text.utf8)
        // Whole lines.
        guard let end = text.lastIndex(of: UInt8(ascii: "\n")), end >= consoleBytes else { return }
        for line in String(decoding: text[consoleBytes...end], as: UTF8.self).split(separator: "\n") {
            if let told = DeliveryLedger.told(line) { judgement.tell(told) }
            if let event = DeliveryLedger.event(line) { judgement.happened(event) }
            if DeliveryLedger.isCrash(line) { Issue.record("\(name): \(line)") }
        }
        consoleBytes = end + 1
    }

    /// So that the judgement knows what came before what happens now.
    private func catchUp(_ emulator: Emulator) async throws {
        readConsole(emulator)
        try await readMessages()
    }

    private func readMessages() async throws {
        for text in try await broker.newMessages() {
            let message = try DeliveryLedger.message(text, of: Self.device)
            judgement.receive(message.readings, gaps: message.gaps)
            messages += 1
        }
    }

    // MARK: - Faults

    /// Returns when the fault is there, as far as that can be seen. Whether the device has noticed is another question
    /// (`disconnected`, `beginAndRead`): it need not, when something else is wrong already or the fault is soon over.
    ///
    /// - Parameter isAwaited: whether nothing the console says meanwhile is waited for afterwards.
    /// - Returns: whether the device still has power.
    private func begin(
        _ fault: DeliveryFault, _ emulator: Emulator, _ shell: Shell, isAwaited: Bool = true
    ) async throws -> Bool {
        if let place = fault.place { present[place] = fault }
        tell(fault.rawValue)
        switch fault {
        case .linkDown: try await setLink(false, emulator, shell)
        case .portClosed:
            proxy?.stop()
            proxy = nil
        // Less than the readings take. Nothing on the device tells that for certain.
        case .slow: proxy?.setPortion((bytes: 100, rest: 50))
        case .silent: proxy?.pause()
        case .brokerKilled: await broker.kill()
        case .brokerStopped: await broker.stop()
        case .turnedAway, .untrusted, .wrongName, .expired:
            await broker.stop()
            try await broker.start(fault.manner ?? .welcoming)
        case .diskFull:
            try await catchUp(emulator)
            judgement.happened(.diskFull)
            // The size in one piece, and what is left over in small ones.
            let fill =
                "fallocate -l $(df -k /data | tail -n 1 | awk '{print $4}')k /data/full; "
                + "dd if=/dev/zero of=/data/full2 bs=4096 2>/dev/null || true"
            // The app may make room meanwhile: it removes damaged files. Whether it notices depends on what its files need;
            // while it can deliver they need nothing new.
            let check =
                "until [ $(df -k /data | tail -n 1 | awk '{print $4}') -lt 1024 ]; do "
                + "cat /dev/zero 2>/dev/null >>/data/full2; usleep 100000; done"
            if isAwaited { try await shell.run("\(fill); \(check)") } else { try emulator.type(fill) }
        case .wrongClock:
            let years = Double.random(in: -20...20, using: &random)
            let time = max(86_400, Date().timeIntervalSince1970 + years * 31_557_600)
            // It may know that, or not.
            let isTrusted = Bool.random(using: &random)
            try await setClock(Int(time), isTrusted: isTrusted, shell)
        case .appKilled:
            guard kills < Self.mostKills else { return try await begin(.powerCut, emulator, shell) }
            try await kill(emulator, shell)
        case .bitsFlipped:
            guard kills < Self.mostKills else { return try await begin(.powerCut, emulator, shell) }
            try await flipBits(emulator, shell)
        case .powerCut:
            await cutPower(emulator)
            return false
        case .rebooted:
            try await catchUp(emulator)
            // Whether it ends in order the console says: on a full disk it cannot, and on a busy host PID 1 may lose patience.
            startMoment = Self.now
            try emulator.type("reboot")
            try await started(emulator, shell)
            // The kernel has written a time that was vouched for into the clock that the board starts with, now and then.
            present[.clock] = isClockSet ? .wrongClock : nil
        }
        return true
    }

    /// - Parameter isAwaited: whether to return only when the device has done its part; the console is read up to there.
    private func heal(
        _ place: DeliveryFault.Place, _ emulator: Emulator, _ shell: Shell, isAwaited: Bool = true
    ) async throws {
        guard let fault = present.removeValue(forKey: place) else { return }
        switch place {
        case .link: try await setLink(true, emulator, shell)
        case .way:
            if proxy == nil { proxy = try Proxy(to: broker.port, at: port) }
            proxy?.setPortion(Proxy.quick)
            proxy?.resume()
        case .broker:
            await broker.stop()
            try await broker.start()
        case .disk:
            let command = "rm -f /data/full /data/full2"
            if isAwaited { try await shell.run(command) } else { try emulator.type(command) }
            judgement.happened(.diskFreed)
        case .clock: try await setClock(Int(Date().timeIntervalSince1970), isTrusted: true, shell)
        }
        tell("no longer: \(fault.rawValue)")
        try nudge(emulator)
    }

    private func cutPower(_ emulator: Emulator) async {
        await emulator.cutPower()
        readConsole(emulator)
        judgement.happened(.suddenEnd)
        // A new machine.
        (present[.link], present[.clock]) = (nil, nil)
        isClockSet = false
    }

    private func setLink(_ isUp: Bool, _ emulator: Emulator, _ shell: Shell) async throws {
        try await emulator.qmp.execute("set_link", ["name": "network", "up": .bool(isUp)])
        // Unreadable while the interface itself is down, which is as good.
        let carrier = "\"$(cat /sys/class/net/eth0/carrier 2>/dev/null)\""
        try await shell.run("until [ \(carrier) \(isUp ? "=" : "!=") 1 ]; do usleep 100000; done")
    }

    private func setClock(_ time: Int, isTrusted: Bool, _ shell: Shell) async throws {
        isClockSet = true
        let earliest = Self.now
        // Nobody vouches for it while it is set. Its own answer shows that it was.
        try await shell.run(
            "rm -f /tmp/clock-is-right; date -s @\(time) >/dev/null; d=$(($(date +%s) - \(time))); "
                + "\(isTrusted ? "touch /tmp/clock-is-right; " : "")[ $d -ge 0 ] && [ $d -lt 600 ]")
        judgement.clocks.wereSet(to: Double(time), between: earliest, and: Self.now)
    }

    /// Waits until the app runs: it may have been killed a moment ago.
    private static let untilItRuns = "until pidof Recorder >/dev/null; do usleep 100000; done"
    /// Kills the process, and waits until it is gone.
    private static let killIt = #"kill -KILL $p; until [ ! -d "/proc/${p:-0}" ]; do usleep 100000; done"#

    private func kill(_ emulator: Emulator, _ shell: Shell) async throws {
        kills += 1
        try await shell.run("\(Self.untilItRuns); p=$(pidof Recorder); \(Self.killIt)")
        readConsole(emulator)
        judgement.happened(.suddenEnd)
    }

    /// Kills the app, and flips some bits of the files it leaves, before it is started again.
    private func flipBits(_ emulator: Emulator, _ shell: Shell) async throws {
        let bits = Int.random(in: 1...3, using: &random)
        let calls = (0..<bits).map { _ in
            let file = ["outbox.db", "outbox.db-wal", "sequence"].randomElement(using: &random) ?? ""
            var place = Int.random(in: 0..<(1 << 30), using: &random)
            // Two records of 36 bytes (SequenceFile.swift); nothing else counts in it.
            if file == "sequence" { place = place % 2 * 4096 + place / 2 % 36 }
            return "flip \(file) \(place) \(1 << Int.random(in: 0..<8, using: &random))"
        }
        // A file that is not there or empty has no bits.
        let flip =
            #"flip() { s=$(wc -c 2>/dev/null <$1) || return 0; [ $s -gt 0 ] || return 0; o=$(($2 % s)); "#
            + #"b=$(dd if=$1 bs=1 skip=$o count=1 2>/dev/null | od -An -tu1); "#
            + #"printf "\\$(printf %03o $((b ^ $3)))" | dd of=$1 bs=1 seek=$o conv=notrunc 2>/dev/null; echo flipped $1; }"#
        try await shell.run(Self.untilItRuns)
        try await catchUp(emulator)
        judgement.happened(.damaging)
        kills += 1
        // Stopped, it writes no more, and nobody starts another one as long as it is not dead.
        let flips = calls.joined(separator: "; ")
        let output = try await shell.run(
            "p=$(pidof Recorder); kill -STOP $p; cd /data/outbox; \(flip); \(flips); \(Self.killIt)")
        let flipped = output.split(separator: "\n").filter { $0.hasPrefix("flipped ") }
        let ofNumbers = flipped.filter { $0.hasSuffix("sequence") }.count
        tell("\(flips): \(flipped.count) of \(bits)")
        try await catchUp(emulator)
        judgement.happened(.suddenEnd)
        judgement.happened(.damage(bits: flipped.count - ofNumbers, ofNumbers: ofNumbers > 0))
    }
}

internal import BootState
internal import CLinux
internal import Card
internal import Glibc
internal import Verity

/// Everything apus-init keeps running, in one poll loop.
struct System {
    private enum Phase {
        case running
        /// The app was asked to stop; at the deadline it is killed.
        case stopping(command: Int32, deadline: Int64)
    }

    /// How long the app has for its orderly stop: its supervisors stop their children one after the other.
    private static let stopTime: Int64 = 10 * nanosecondsPerSecond
    /// Pause before a DHCP client or a console shell that ended is started again.
    private static let pause: Int64 = 2 * nanosecondsPerSecond
    /// The data partition grows when the app has had its time to start: nothing waits for the room.
    private static let growthDelay: Int64 = 10 * nanosecondsPerSecond
    /// How often the root image's state is asked for.
    private static let rootInterval: Int64 = 10 * nanosecondsPerSecond
    /// Until a verdict is tried again that another program's change of the boot state kept from being written.
    private static let postponement: Int64 = 10 * nanosecondsPerSecond
    /// How long a slot on trial has to become healthy, in seconds, unless `health.deadline` says otherwise.
    private static let healthTime: Int64 = 900

    private let signals: Signals
    private let links = Links()
    private let reports = AppReports()
    private var boot: BootControl
    /// What the note says when the machine goes down.
    private var farewell = BootNote.Stage.orderly
    private var watchdog: Watchdog?
    /// When the app last reported; nil before it did.
    private var lastReport: Int64?
    /// When a slot on trial must have become healthy.
    private var trialDeadline: Int64?
    private var rootCheck: Int64 = 0
    private var settings = Settings()
    private var phase = Phase.running
    private var app: pid_t?
    private var keeper = AppKeeper()
    private var startApp: Int64?
    /// Interface to its DHCP client; nil while it waits to be started again.
    private var clients: [String: (process: pid_t?, again: Int64)] = [:]
    private var shell: (process: pid_t?, again: Int64)?
    /// Repairs the data partition, or makes it anew; the app waits for it.
    private var recovery: (process: pid_t, deadline: Int64)?
    private var growth: Int64?

    init(signals: Signals, boot: BootControl) {
        self.signals = signals
        self.boot = boot
    }

    mutating func run() {
        settings.read("/etc/apus/board.conf")
        settings.read("/etc/apus/app.conf")
        let devices = CardDevices.find()
        if let provisioning = devices.flatMap({ Provisioned.read($0.card) }) {
            Provisioned.publish(provisioning)
            settings.read(Provisioned.file)
        }
        setHostname()
        openData(devices)
        while true {
            wait()
            while let signal = signals.next() { handle(signal) }
            for change in links.changes() { handle(change) }
            while let report = reports.next() { handle(report) }
            act(at: now())
        }
    }

    // MARK: - The loop

    /// Until a signal, a change of the network, a report, or the next thing that is due; until the watchdog wants to be fed
    /// at most.
    private func wait() {
        var due = [now() + Watchdog.interval]
        due += clients.values.filter { $0.process == nil }.map(\.again)
        if let shell, shell.process == nil { due.append(shell.again) }
        if let recovery { due.append(recovery.deadline) }
        switch phase {
        case .running: due += [startApp, growth].compactMap(\.self)
        case .stopping(_, let deadline): due.append(deadline)
        }
        let left = max(0, (due.min() ?? 0) - now())
        // Rounded up: rounded down it would spin through the last millisecond.
        let milliseconds = Int32(min(left / 1_000_000 + 1, 10_000))
        var descriptors = [
            pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: links.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: reports.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        poll(&descriptors, nfds_t(descriptors.count), milliseconds)
    }

    private mutating func act(at time: Int64) {
        feedWatchdog()
        switch phase {
        case .running:
            judge(at: time)
            if let at = startApp, time >= at { start() }
            if let shell, shell.process == nil, time >= shell.again { startShell() }
            if let at = growth, time >= at { growData() }
            if let recovery, time >= recovery.deadline {
                Log.line("the repair of the data partition does not end")
                kill(recovery.process, SIGKILL)
                dataIsReady(mounted: false)
            }
        case .stopping(let command, let deadline):
            if app == nil || time >= deadline { finish(command) }
            return
        }
        for (name, client) in clients where client.process == nil && time >= client.again { startClient(name) }
    }

    private mutating func handle(_ signal: Int32) {
        switch signal {
        case SIGCHLD: reap()
        case SIGTERM, SIGINT: stop(Int32(RB_AUTOBOOT), "reboot")
        case SIGUSR1: stop(Int32(bitPattern: UInt32(RB_HALT_SYSTEM)), "halt")
        case SIGUSR2: stop(Int32(bitPattern: UInt32(RB_POWER_OFF)), "power off")
        default: break
        }
    }

    private mutating func reap() {
        while true {
            var status: Int32 = 0
            let process = waitpid(-1, &status, WNOHANG)
            guard process > 0 else { return }
            if process == app {
                appEnded(status)
            } else if process == recovery?.process {
                dataIsReady(mounted: status == 0)
            } else if process == shell?.process {
                shell = (nil, now() + Self.pause)
            } else if let name = clients.first(where: { $0.value.process == process })?.key {
                clients[name] = (nil, now() + Self.pause)
            }
        }
    }

    // MARK: - Start

    /// Mounts the data partition, and starts the app; when there is something to repair first, by another process.
    private mutating func openData(_ devices: CardDevices?) {
        guard let devices else {
            Log.line("the card is not found")
            return dataIsReady(mounted: false)
        }
        let partition = DataPartition(devices)
        if partition.mountIfSound() {
            if partition.canGrow { growth = now() + Self.growthDelay }
            return dataIsReady(mounted: true)
        }
        guard let process = DataTask.recover.start() else { return dataIsReady(mounted: false) }
        recovery = (process, now() + DataPartition.recoveryTime * nanosecondsPerSecond)
    }

    private mutating func dataIsReady(mounted: Bool) {
        if recovery != nil, mounted { growth = now() + Self.growthDelay }
        recovery = nil
        if case .stopping = phase { return }
        if !mounted { Mounts.memoryForData() }
        settings.read("/data/apus/config")
        if boot.isTrial {
            let time = settings["health.deadline"].flatMap { Int64($0) }.map { max(1, min($0, 86_400)) }
            trialDeadline = now() + (time ?? Self.healthTime) * nanosecondsPerSecond
            keeper.failuresBeforeReboot = AppKeeper.failuresOfTrial
            Log.line("slot \(boot.slot?.rawValue ?? "-") is on trial")
        }
        start()
        // What the app waits for is in the initramfs; the rest (drivers of devices that may be there) comes beside it.
        let modules = (settings["modules"]?.split(separator: " ").map(String.init) ?? []) + settings.kernelDeviceAliases
        if !modules.isEmpty { _ = spawn(["/usr/bin/modprobe", "-a"] + modules) }
        if settings["console"] == "shell" { startShell() }
    }

    private mutating func growData() {
        growth = nil
        if let devices = CardDevices.find(), DataPartition(devices).canGrow { _ = DataTask.grow.start() }
    }

    /// `apus-` and the end of the serial number, so that devices can be told apart in a list of leases: the one
    /// provisioned on the card, else the Pi's own.
    private func setHostname() {
        let own = Settings.bytes(of: "/proc/device-tree/serial-number").prefix { $0 != 0 }
        let serial = (settings["serial"].map { Array($0.utf8) } ?? Array(own)).suffix(8)
        // What a host name may have (RFC 1123, section 2.1), but for the dash: it must not stand at the end.
        let plain = serial.filter {
            ($0 >= 48 && $0 <= 57) || ($0 >= 97 && $0 <= 122) || ($0 >= 65 && $0 <= 90)
        }
        let name = plain.isEmpty ? "apus" : "apus-" + String(decoding: plain, as: UTF8.self)
        sethostname(name, name.utf8.count)
    }

    private mutating func start() {
        startApp = nil
        guard let program = settings["app"] else {
            Log.line("/etc/apus/board.conf names no app")
            appEnded(0)
            return
        }
        lastReport = nil
        app = spawn([program], folder: "/data")
        keeper.started(at: now())
        if app != nil { Log.line("started \(program)") } else { appEnded(0) }
    }

    private mutating func startShell() {
        // cttyhack makes the console the shell's controlling terminal.
        shell = (spawn(["/usr/bin/busybox", "cttyhack", "sh", "-l"], folder: "/data"), now() + Self.pause)
    }

    private mutating func appEnded(_ status: Int32) {
        app = nil
        // What it held and did not release, because it was killed, goes to its safe level before it starts again.
        _ = spawn(["/usr/bin/apus", "gpio", "safe"])
        if case .stopping = phase { return }
        let reason = status & 0x7f == 0 ? "exit status \((status >> 8) & 0xff)" : "signal \(status & 0x7f)"
        switch keeper.ended(at: now()) {
        case .start(let at):
            startApp = at
            Log.line(
                "the app ended (\(reason), failure \(keeper.failures)); again in \((at - now() + 500_000_000) / nanosecondsPerSecond) s"
            )
        case .reboot:
            Log.line("the app ended (\(reason)) for the \(keeper.failures)th time in a row")
            farewell = .appGaveUp
            conclude("the app ended again and again") { boot throws(CardError) in try boot.rollBack(.app) }
            stop(Int32(RB_AUTOBOOT), "reboot")
        }
    }

    // MARK: - Health

    private mutating func handle(_ report: AppReports.Report) {
        lastReport = now()
        guard report == .healthy else { return }
        conclude("the app is healthy") { boot throws(CardError) in try boot.healthy() }
    }

    /// Whatever makes the running slot one that must not go on.
    private mutating func judge(at time: Int64) {
        if let app, let last = lastReport, time - last > AppReports.patience {
            Log.line("the app has not reported for \(AppReports.patience / nanosecondsPerSecond) s and is killed")
            lastReport = nil
            kill(app, SIGKILL)
        }
        if time >= rootCheck {
            rootCheck = time + Self.rootInterval
            if VerityDevice.isCorrupt() == true {
                let isDone = conclude("the root image is damaged") { boot throws(CardError) in try boot.giveUp(.root) }
                // Said once: without a better slot this one goes on as long as it can.
                if isDone { rootCheck = .max }
            }
        }
        if let deadline = trialDeadline, time >= deadline {
            let isDone = conclude("not healthy in time") { boot throws(CardError) in try boot.rollBack(.health) }
            trialDeadline = isDone ? nil : time + Self.postponement
        }
    }

    /// - Returns: false when it has to be asked again.
    @discardableResult
    private mutating func conclude(
        _ fact: String, _ decide: (inout BootControl) throws(CardError) -> BootControl.Verdict
    ) -> Bool {
        let slot = boot.slot?.rawValue ?? "-"
        do throws(CardError) {
            switch try decide(&boot) {
            case .none: break
            case .confirmed:
                trialDeadline = nil
                keeper.failuresBeforeReboot = AppKeeper.failures
                Log.line("\(fact): slot \(slot) is confirmed")
            case .adopted: Log.line("\(fact): slot \(slot) is the confirmed one from now on")
            case .givenUp:
                Log.line("\(fact): slot \(slot) is given up")
                stop(Int32(RB_AUTOBOOT), "reboot")
            case .postponed:
                Log.line("\(fact), but another program is changing the boot state")
                return false
            }
        } catch {
            Log.line("\(fact), but the boot state stays as it is: \(error)")
        }
        return true
    }

    private mutating func feedWatchdog() {
        if watchdog == nil, !Watchdog.isAbsent {
            watchdog = Watchdog("/dev/watchdog0")
            if watchdog != nil { Log.line("watchdog started") }
        }
        watchdog?.feed()
    }

    // MARK: - Network

    private mutating func handle(_ change: Links.Change) {
        switch change {
        case .came(let name):
            if clients[name] == nil { startClient(name) }
        case .went(let name):
            if let process = clients.removeValue(forKey: name)?.process { kill(process, SIGTERM) }
        }
    }

    private mutating func startClient(_ name: String) {
        if case .stopping = phase { return }
        // Foreground, so that it is our child; five quick tries a second apart, then a pause of five seconds: a cable
        // plugged in later is noticed soon.
        let process = spawn([
            "/usr/bin/udhcpc", "-f", "-i", name, "-s", "/usr/lib/apus/udhcpc", "-t", "5", "-T", "1", "-A", "5",
        ])
        clients[name] = (process, now() + Self.pause)
    }

    // MARK: - Stop

    private mutating func stop(_ command: Int32, _ name: String) {
        if case .stopping = phase { return }
        Log.line("\(name): stopping the app")
        phase = .stopping(command: command, deadline: now() + Self.stopTime)
        if let app { kill(app, SIGTERM) }
    }

    /// Ends every other process, makes the data partition safe and asks the kernel. Bounded: one second for the rest.
    private func finish(_ command: Int32) {
        kill(-1, SIGTERM)
        let deadline = now() + nanosecondsPerSecond
        while now() < deadline {
            let process = waitpid(-1, nil, WNOHANG)
            if process < 0 { break }
            if process == 0 { usleep(10_000) }
        }
        kill(-1, SIGKILL)
        Mounts.detachData()
        boot.tell(farewell)
        Log.line("going down")
        reboot(command)
        // The kernel refused, or a driver for it is missing: a panic resets the machine too.
        Log.line("the kernel did not go down: \(Log.error)")
        exit(1)
    }
}

internal import CLinux
internal import Card
internal import Glibc

/// The data partition: mounted when it is sound, else repaired, and made anew only when it cannot be; grown to the card.
///
/// PID 1 calls ``mountIfSound()`` alone. The rest waits for programs and for the card, and runs in a process of its own:
/// `apus-init recover-data`, `apus-init grow-data`.
struct DataPartition {
    let devices: CardDevices
    /// 0, or the error of mount(2).
    let mount: () -> Int32
    /// Below the mounted partition.
    let events: EventLog
    /// The folder of e2fsck and mke2fs, and of their libraries.
    let tools: String

    static let place = "/data"
    /// In the root image: read from the card when needed, no burden to the memory.
    static let tools = "/usr/lib/apus/e2fsprogs"

    init(_ devices: CardDevices) {
        self.devices = devices
        mount = {
            // noatime: a read must not cost a write to the card.
            Glibc.mount(devices.data, Self.place, "ext4", UInt(MS_NOSUID | MS_NODEV | MS_NOATIME), nil) == 0 ? 0 : errno
        }
        events = EventLog(folder: "\(Self.place)/apus")
        tools = Self.tools
    }

    init(_ devices: CardDevices, tools: String, events: EventLog, mount: @escaping () -> Int32) {
        self.devices = devices
        self.mount = mount
        self.events = events
        self.tools = tools
    }

    // MARK: - Mounting

    /// The quick way, which nearly every start takes: two sectors read, one mount, its journal replayed.
    ///
    /// - Returns: false when a factory reset is asked for, or there is something to do first.
    func mountIfSound() -> Bool {
        if isResetRequested || state?.hasErrors == true || isCutWhileGrowing { return false }
        return mount() == 0
    }

    private var isResetRequested: Bool {
        (try? FactoryReset(BlockFile(devices.card, isWritable: false)).isRequested()) ?? false
    }

    private var state: DataFileSystem.State? {
        guard let partition = try? BlockFile(devices.data, isWritable: false) else { return nil }
        return (try? DataFileSystem.state(of: partition)) ?? nil
    }

    /// The journal may hold another size than the superblock does. Linux (6.12) counts the groups of blocks before it
    /// replays the journal and not again: it takes the last of the old groups for as large as all that were added, finds an
    /// error in that, and lets nothing more be written. e2fsck begins anew after the replay.
    private var isCutWhileGrowing: Bool { state?.hasJournal == true && canGrow }

    // MARK: - Recovery

    /// How long one run of e2fsck may take. Three of them stay below the quarter of an hour that a slot on trial has.
    private static let checkTime: Int64 = 240
    /// mke2fs writes little, but lets the card discard the rest first.
    private static let makeTime: Int64 = 120
    /// For PID 1, in seconds: all of it and some room; then the process is stuck and will not end.
    static let recoveryTime: Int64 = 3 * checkTime + makeTime + 30

    /// Does what ``mountIfSound()`` could not.
    ///
    /// - Returns: whether the partition is mounted. Its content is given up only when e2fsck has said that it cannot
    ///   be repaired: not when a program is missing or late, the card does not answer, or a sound file system does not
    ///   mount.
    func recover() -> Bool {
        if isResetRequested { return reset() }
        if isCutWhileGrowing {
            let end = run("e2fsck", ["-E", "journal_only", "-p", devices.data], seconds: Self.checkTime)
            Log.line("replay of the data partition's journal: \(end)")
        }
        // What is written in the superblock and what the kernel says are the only two reasons to touch it.
        let first = state?.hasErrors == true ? EUCLEAN : mount()
        if first == 0 { return true }
        guard Self.isDamage(first) else { return give("cannot be mounted (\(Self.text(first)))") }
        Log.line("the data partition needs a repair (\(Self.text(first)))")

        var last = Program.End.notStarted
        for options in [["-p"], ["-y"]] {
            last = check(options)
            if isRepaired(last) { return finish("repaired by e2fsck \(options[0])") }
        }
        if let partition = try? BlockFile(devices.data, isWritable: false),
            let backups = try? DataFileSystem.backups(of: partition)
        {
            for backup in backups {
                last = check(["-y", "-b", "\(backup.block)", "-B", "\(backup.blockSize)"])
                if isRepaired(last) { return finish("repaired from the superblock at block \(backup.block)") }
            }
        }
        // 4: errors are left; 8: not even a file system to be found (e2fsck(8)).
        guard case .status(let status) = last, status & 12 != 0 else {
            return give("was not repaired (e2fsck: \(last))")
        }
        // A card that does not answer makes e2fsck fail, too. It must not be the reason to give its content up.
        guard let partition = try? BlockFile(devices.data, isWritable: false),
            (try? partition.readBack(at: 0, count: min(partition.size, 65536))) != nil
        else { return give("cannot be read") }
        guard make() else { return give("could not be made anew") }
        let code = mount()
        guard code == 0 else { return give("does not mount although it was made anew (\(Self.text(code)))") }
        return finish("could not be repaired and was made anew: its content is lost")
    }

    /// Errors of mount(2) that say that the content is at fault, not the kernel, the memory or the device file.
    private static func isDamage(_ code: Int32) -> Bool {
        // EBADMSG and EUCLEAN are ext4's EFSBADCRC and EFSCORRUPTED.
        [EINVAL, EUCLEAN, EBADMSG, EIO].contains(code)
    }

    private func check(_ options: [String]) -> Program.End {
        // -f: a superblock may call itself clean; something has just shown that it is not.
        let end = run("e2fsck", ["-f"] + options + [devices.data], seconds: Self.checkTime)
        Log.line("e2fsck \(options.joined(separator: " ")): \(end)")
        return end
    }

    /// 0: sound; 1, 2: errors were corrected. The kernel has the last word.
    private func isRepaired(_ end: Program.End) -> Bool {
        guard case .status(let status) = end, status & ~3 == 0 else { return false }
        return mount() == 0
    }

    private func reset() -> Bool {
        guard make() else {
            return give("could not be made anew for the factory reset; it is tried again at the next start")
        }
        // Cleared last: until then a power cut begins it anew.
        do {
            try FactoryReset(BlockFile(devices.card, isWritable: true)).clear()
        } catch {
            Log.line("the mark of the factory reset stays: \(error)")
        }
        let code = mount()
        guard code == 0 else { return give("cannot be mounted after the factory reset (\(Self.text(code)))") }
        return finish("factory reset: made anew")
    }

    private func make() -> Bool {
        let end = run(
            "mke2fs", DataFileSystem.arguments(options: ["discard"]) + [devices.data], seconds: Self.makeTime)
        guard end == .status(0), let partition = try? BlockFile(devices.data, isWritable: true),
            (try? partition.flush()) != nil
        else {
            Log.line("mke2fs: \(end)")
            return false
        }
        return true
    }

    private func run(_ program: String, _ arguments: [String], seconds: Int64) -> Program.End {
        Program.run(["\(tools)/\(program)"] + arguments, environment: ["LD_LIBRARY_PATH=\(tools)"], seconds: seconds)
    }

    private func finish(_ event: String) -> Bool {
        Log.line("data partition: \(event)")
        events.record("data: \(event)")
        return true
    }

    private func give(_ reason: String) -> Bool {
        Log.line("the data partition \(devices.data) \(reason)")
        return false
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }

    // MARK: - Growth

    /// Less is not worth a write to the partition table: one group of blocks (``DataFileSystem/arguments(options:)``).
    private static let leastGrowth = 32 << 20

    /// Whether ``grow()`` has something to do.
    var canGrow: Bool {
        guard let card = try? BlockFile(devices.card, isWritable: false),
            let layout = try? CardLayout(of: card, path: devices.card), let state
        else { return false }
        return card.size - layout.data.lowerBound - state.size >= Self.leastGrowth
    }

    /// Makes the mounted partition reach to the end of the card: the table's entry (one sector), the kernel's idea of the
    /// partition, the file system (by the kernel, group by group, each in its journal). A power cut anywhere leaves
    /// a journal whose replay is a sound file system of the old or a new size; the next start goes on.
    func grow() throws(CardError) {
        let card = try BlockFile(devices.card, isWritable: true)
        let layout = try CardLayout(of: card, path: devices.card)
        var size = layout.data.count
        let table = try card.read(at: 0, count: CardLayout.sectorSize)
        if let grown = layout.growingData(in: table, cardSize: card.size) {
            try card.write(grown, at: 0)
            try card.flush()
            guard try card.readBack(at: 0, count: grown.count) == grown else {
                throw .writtenWrongly(path: devices.card, offset: 0)
            }
            size = try CardLayout(of: card, path: devices.card).data.count
        }
        let disk = open(devices.card, O_RDONLY | O_CLOEXEC)
        guard disk >= 0 else { throw .system(operation: "open", path: devices.card, code: errno) }
        defer { close(disk) }
        guard linux_resize_partition(disk, 4, Int64(layout.data.lowerBound), Int64(size)) == 0 else {
            throw .system(operation: "resize", path: devices.data, code: errno)
        }
        let folder = open(Self.place, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .system(operation: "open", path: Self.place, code: errno) }
        defer { close(folder) }
        let old = state?.size ?? 0
        var blocks = UInt64(size / (state?.blockSize ?? 4096))
        guard linux_ioctl(folder, linux_ext4_resize, &blocks) == 0 else {
            throw .system(operation: "grow", path: Self.place, code: errno)
        }
        _ = finish("grown from \(old >> 20) to \(size >> 20) MiB")
    }
}

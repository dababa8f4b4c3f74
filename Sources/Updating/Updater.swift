public import BootState
public import Bundle
public import Card

/// Installs bundles into the slot that does not run.
///
/// At no moment is there less than one slot that boots: the other slot is marked bad before the first byte of it changes,
/// its header comes last, and the boot state names it only after all of it has been read back from the medium.
/// docs/updates.md tells the order; every one of its steps may be the last before a power cut, and the next attempt
/// takes up what is there.
public struct Updater {
    /// What this system is, from its own root image.
    public struct Device: Sendable {
        public var board: String
        public var version: String?

        public init(board: String, version: String?) {
            self.board = board
            self.version = version
        }
    }

    /// What may be installed.
    public struct Policy: Sendable {
        public var keys: [VerificationKey]
        public var allowsDowngrade = false
        /// Nil: what the directory of the running slot says.
        public var device: Device?

        public init(keys: [VerificationKey]) { self.keys = keys }
    }

    private let card: any BlockDevice
    private let running: Slot
    private let policy: Policy
    private let store: BootStateStore
    private let target: BlockRange
    private let runningContents: SlotContents
    var pace = Installation.Pace()

    /// Bytes of the bundle fetched at first. Of the head's size nothing is known before; a WeatherStation's has more.
    private static let firstRequest = 16 * 1024

    /// - Parameters:
    ///   - card: the whole card.
    ///   - path: its name in messages.
    ///   - running: the slot this system runs from.
    public init(card: any BlockDevice, path: String, running: Slot, policy: Policy) throws(UpdateError) {
        self.card = card
        self.running = running
        self.policy = policy
        store = BootStateStore(card)
        do throws(CardError) {
            let layout = try CardLayout(of: card, path: path)
            target = try BlockRange(layout.range(of: running.other), of: card)
            runningContents = try SlotContents(of: BlockRange(layout.range(of: running), of: card))
        } catch {
            throw .card(error)
        }
    }

    /// Installs a bundle into the slot that does not run; it boots next, on trial.
    ///
    /// The caller sees to it that no other update runs (``UpdateLock``).
    public func install(
        from source: any BundleSource, report: (UpdateEvent) -> Void = { _ in }
    ) throws(UpdateError) -> UpdateResult {
        let state = try checkState()
        let (head, headBytes) = try readHead(source)
        let manifest = head.manifest
        let known = runningContents.head?.manifest
        try check(manifest)
        if let known, known.id == manifest.id {
            return UpdateResult(
                outcome: .alreadyInstalled, manifest: manifest, slot: running, fetched: source.fetched, written: 0)
        }
        try checkVersion(manifest)
        let chunks = try slotChunks(head)
        report(.accepted(manifest, running: runningVersion, target: running.other))
        if let known { reportBootFiles(of: manifest, running: known, report) }

        let plan = try onCard { () throws(CardError) in
            try UpdatePlan(chunks, target: target, running: runningContents)
        }
        report(.planned(plan.summary))
        source.expect(plan.ranges)
        var installation = Installation(
            plan: plan, head: headBytes, bundleSize: head.bundleSize, source: source, running: runningContents,
            target: target, pace: pace)
        // Nothing falls back to the slot from here on.
        if state.bad != running.other {
            try change { state throws(BootStateError) in
                try state.beginUpdate(of: running.other, running: running)
            }
        }
        try installation.run(report)
        try change { state throws(BootStateError) in try state.startTrial(of: running.other) }
        return UpdateResult(
            outcome: .installed, manifest: manifest, slot: running.other, fetched: source.fetched,
            written: installation.written)
    }

    private func change(_ body: (BootState) throws(BootStateError) -> BootState) throws(UpdateError) {
        _ = try onCard { () throws(CardError) in try store.write(body) }
    }

    private func checkState() throws(UpdateError) -> BootState {
        let state = try onCard { () throws(CardError) in try store.read() } ?? .initial
        guard running == state.active else { throw .notConfirmed(running: running) }
        if let trial = state.trial { throw .trialPending(trial.slot) }
        return state
    }

    private func readHead(_ source: any BundleSource) throws(UpdateError) -> (BundleHead, [UInt8]) {
        guard !policy.keys.isEmpty else { throw .noTrustedKeys(folder: TrustedKeys.folder) }
        source.expect([0..<Self.firstRequest])
        let prefix = try source.read(at: 0, count: BundleHead.prefixSize)
        let size = try inBundle { () throws(BundleError) in try BundleHead.size(prefix: prefix) }
        if let actual = source.size, size > actual { throw .bundle(.truncated(size: actual)) }
        if size > Self.firstRequest { source.expect([0..<Self.firstRequest, Self.firstRequest..<size]) }
        let bytes = try prefix + source.read(at: prefix.count, count: size - prefix.count)
        let head = try inBundle { () throws(BundleError) in try BundleHead(bytes, trust: .keys(policy.keys)) }
        if let actual = source.size, actual != head.bundleSize {
            throw .bundle(actual < head.bundleSize ? .truncated(size: actual) : .trailingBytes)
        }
        return (head, bytes)
    }

    /// Nil where nothing tells.
    private var runningVersion: String? { policy.device?.version ?? runningContents.head?.manifest.version }

    private func check(_ manifest: Manifest) throws(UpdateError) {
        if let board = policy.device?.board ?? runningContents.head?.manifest.board, board != manifest.board {
            throw .wrongBoard(bundle: manifest.board, device: board)
        }
    }

    private func checkVersion(_ manifest: Manifest) throws(UpdateError) {
        if !policy.allowsDowngrade, let version = runningVersion,
            VersionOrder.isOlder(manifest.version, than: version)
        {
            throw .downgrade(from: version, to: manifest.version)
        }
        if let needed = manifest.minimum.version, let version = runningVersion,
            VersionOrder.isOlder(version, than: needed)
        {
            throw .tooOld("version", has: version, needs: needed)
        }
        if let needed = manifest.minimum.bootInterface, needed > BootInterface.number {
            throw .tooOld("boot interface", has: String(BootInterface.number), needs: String(needed))
        }
    }

    /// The chunks of the slot image, of which there is at least one and for which there is room.
    private func slotChunks(_ head: BundleHead) throws(UpdateError) -> ArraySlice<Chunk> {
        guard let payload = head.payload(named: Manifest.slotName),
            case let chunks = head.chunks.of(payload: payload), let first = chunks.first,
            first.size >= SlotHeader.blockSize
        else { throw .nothingToInstall }
        let needed =
            SlotDirectory.offset(payloadSize: head.manifest.payloads[payload].size)
            + SlotDirectory.prefixSize + head.size
        guard needed <= target.size else { throw .tooLargeForSlot(needed: needed, size: target.size) }
        return chunks
    }

    /// p1 is not changed in the field: there is only one, and a power cut while it is written could not be survived.
    private func reportBootFiles(of manifest: Manifest, running: Manifest, _ report: (UpdateEvent) -> Void) {
        func files(_ manifest: Manifest) -> [String: SHA256.Digest] {
            var files: [String: SHA256.Digest] = [:]
            for payload in manifest.payloads where payload.name.hasPrefix(Manifest.bootPrefix) {
                files[payload.name] = payload.sha256
            }
            return files
        }
        let old = files(running)
        let names = files(manifest).filter { old[$0.key] != $0.value }.keys.sorted()
        guard !names.isEmpty else { return }
        report(
            .note(
                "the bundle has other files for the boot partition than the running version (\(names.joined(separator: ", "))); "
                    + "an update does not change that partition"))
    }
}

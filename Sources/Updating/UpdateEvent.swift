public import BootState
public import Bundle
public import HTTP

/// What an update does, as it does it.
public enum UpdateEvent: Sendable {
    /// The bundle is one that may be installed. `running` is nil where nothing tells what runs.
    case accepted(Manifest, running: String?, target: Slot)
    /// Where the content comes from.
    case planned(UpdatePlanSummary)
    /// Bytes of the slot that are as they should be, of how many; bytes fetched so far.
    case progress(done: Int, total: Int, fetched: Int)
    /// A connection failed and is tried again after a pause.
    case retrying(HTTPError, pause: Duration)
    /// All is written and is now read back from the card.
    case verifying
    /// For people to know; no trouble of the update.
    case note(String)
}

/// Where the content of a slot comes from, in bytes of content.
public struct UpdatePlanSummary: Sendable, Equatable {
    /// The whole slot image.
    public var size = 0
    /// In the slot already.
    public var inPlace = 0
    /// Zeros.
    public var zero = 0
    /// In the running slot.
    public var copied = 0
    /// From the bundle.
    public var fetched = 0
    /// Bytes of the bundle to be fetched for that, its head not included.
    public var stored = 0
    /// Ranges they lie in.
    public var requests = 0
}

/// What an update did.
public struct UpdateResult: Sendable {
    public enum Outcome: String, Sendable {
        /// The slot boots next, on trial.
        case installed
        /// The running system is of this very bundle; nothing was done.
        case alreadyInstalled = "already-installed"
    }

    public var outcome: Outcome
    public var manifest: Manifest
    /// The slot that was written, or that already runs it.
    public var slot: Slot
    /// Bytes fetched, protocol included.
    public var fetched: Int
    /// Bytes written to the card.
    public var written: Int
}

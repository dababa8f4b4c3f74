public import BootState
public import Bundle
public import Card
public import HTTP

/// Why an update was not made. Unless it says otherwise nothing was written.
public enum UpdateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The bundle is damaged, cut off, or signed by nobody who is trusted. Chunks are found damaged when they are used:
    /// then the slot that does not run is half written, and nothing will start it.
    case bundle(BundleError)
    /// The device trusts no key.
    case noTrustedKeys(folder: String)
    case wrongBoard(bundle: String, device: String)
    case downgrade(from: String, to: String)
    /// The bundle asks for a newer running version, or a newer boot partition.
    case tooOld(String, has: String, needs: String)
    /// In bytes; the slot's payload and what belongs behind it.
    case tooLargeForSlot(needed: Int, size: Int)
    /// No payload `slot`.
    case nothingToInstall
    /// The running slot is another one than the confirmed one, or on trial.
    case notConfirmed(running: Slot)
    /// An installed update waits for its first start.
    case trialPending(Slot)
    case alreadyRunning
    case sourceUnreadable(String, reason: String)
    case sourceStalled(String)
    case sourceChanged(String)
    case http(HTTPError)
    case card(CardError)
    /// A change of the boot state that does not apply.
    case bootState(BootStateError)
    case system(operation: String, path: String, reason: String)

    /// What is the matter, without the full stop.
    public var fact: String {
        switch self {
        case .bundle(let error): error.fact
        case .noTrustedKeys(let folder): "no trusted key is in \(folder)"
        case .wrongBoard(let bundle, let device): "the bundle is for the board \(bundle), this is \(device)"
        case .downgrade(let from, let to): "the bundle's version \(to) is older than the running \(from)"
        case .tooOld(let what, let has, let needs):
            "the bundle can only be installed over \(what) \(needs) or later, this is \(has)"
        case .tooLargeForSlot(let needed, let size):
            "the bundle needs \(needed) bytes of a slot, the slots of this card have \(size)"
        case .nothingToInstall: "the bundle has no slot image"
        case .notConfirmed(let running): "the running slot \(running.rawValue) is not confirmed yet"
        case .trialPending(let slot): "slot \(slot.rawValue) holds an update that waits for its first start"
        case .alreadyRunning: "another update is running"
        case .sourceUnreadable(let name, let reason): "\(name) cannot be read: \(reason)"
        case .sourceStalled(let name): "\(name) brings nothing any more"
        case .sourceChanged(let name): "\(name) was replaced by another file while it was fetched"
        case .http(let error): error.fact
        case .card(let error): error.description
        case .bootState(let error): error.description
        case .system(let operation, let path, let reason): "cannot \(operation) \(path): \(reason)"
        }
    }

    /// What to do about it.
    public var remedy: String {
        switch self {
        case .bundle(let error): error.remedy
        case .noTrustedKeys: "build the firmware with the public key of its signer, or give one with --trust FILE"
        case .wrongBoard(_, let device): "build it with --target \(device)"
        case .downgrade: "give --allow-downgrade if that is meant"
        case .tooOld("version", _, let needs): "install version \(needs) first"
        case .tooOld: "write the card anew with fwtool burn"
        case .tooLargeForSlot: "make the app smaller, or write a card with larger slots"
        case .nothingToInstall: "build it with `fwtool build`"
        case .notConfirmed: "wait until it is healthy, or confirm it: apus confirm; or go back: apus rollback"
        case .trialPending: "restart to try it, or drop it: apus rollback"
        case .alreadyRunning: "wait for its end"
        case .sourceUnreadable: "check the name and the medium"
        case .sourceStalled: "check what feeds it, then start the update again; what is there already is kept"
        case .sourceChanged: "start the update again"
        case .http(let error): error.remedy
        case .card(.writtenWrongly): ""
        case .card(.bootStateInUse): "find out what hangs, end it and try again"
        case .card(.noApusCard): "name a card, or an image of one that `fwtool image` made"
        case .card(.system("open", _, _)): "check the name; it needs root's rights"
        case .card: "if it happens again, replace the card"
        case .bootState: "look at `apus slots`"
        case .system: "run it as root on the device"
        }
    }

    public var description: String { remedy.isEmpty ? fact : "\(fact); \(remedy)" }
}

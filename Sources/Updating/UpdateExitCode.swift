internal import Bundle

/// The exit codes of `apus`, one for each kind of refusal (docs/updates.md).
public enum UpdateExitCode: Int32, Sendable, CaseIterable {
    case success = 0
    /// Not foreseen below.
    case failure = 1
    /// The command line makes no sense.
    case usage = 2
    case notABundle = 10
    case truncated = 11
    case signature = 12
    case damaged = 13
    case wrongBoard = 14
    case downgrade = 15
    case tooLarge = 16
    case notConfirmed = 17
    case trialPending = 18
    case alreadyRunning = 19
    case source = 20
    case sourceChanged = 21
    case network = 22
    case card = 23
    case bootState = 24
    case tooOld = 25
    /// A GPIO line or chip or an I2C bus cannot be used.
    case hardware = 30
    /// No device answers at the I2C address.
    case noAnswer = 31
}

extension UpdateError {
    public var exitCode: UpdateExitCode {
        switch self {
        case .bundle(let error):
            switch error {
            case .notABundle, .unsupportedFormat: .notABundle
            case .truncated, .trailingBytes: .truncated
            case .unknownSigner, .badSignature, .signaturesMalformed: .signature
            case .file: .source
            default: .damaged
            }
        case .noTrustedKeys: .signature
        case .wrongBoard: .wrongBoard
        case .downgrade: .downgrade
        case .tooOld: .tooOld
        case .tooLargeForSlot: .tooLarge
        case .nothingToInstall: .damaged
        case .notConfirmed: .notConfirmed
        case .trialPending: .trialPending
        case .alreadyRunning: .alreadyRunning
        case .sourceUnreadable, .sourceStalled: .source
        case .sourceChanged: .sourceChanged
        case .http: .network
        case .card: .card
        case .bootState: .bootState
        case .system: .failure
        }
    }
}

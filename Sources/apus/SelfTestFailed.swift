internal import Updating

/// Something of the board's hardware is not as its profile says.
struct SelfTestFailed: Error, CustomStringConvertible {
    static let code = UpdateExitCode.hardware

    let failed: Int
    let of: Int

    var description: String { "\(failed) of \(of) tests failed" }
}

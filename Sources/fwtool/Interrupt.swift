import Foundation

/// Ctrl-C and SIGTERM: nothing half-written stays behind, then the process ends by that signal as it would have.
enum Interrupt {
    /// Call once. Not for `fwtool emulate` and `fwtool simulate`, which stop what they started in order.
    static func handle() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                TemporaryFolder.removeAll()
                signal(number, SIG_DFL)
                raise(number)
            }
            source.resume()
            return source
        }
    }
}

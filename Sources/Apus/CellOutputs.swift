internal import Hardware
internal import Threads

/// The outputs of cells whose processes have ended (docs/gpio.md).
enum CellOutputs {
    /// Sets the lines that a process held with a safe level to that level. What is wrong with one is logged.
    static func restore(of process: Int32) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            do {
                // A thread for each: an expander whose bus hangs keeps no other cell waiting.
                let thread = try DedicatedThread(name: "safe outputs") {
                    SafeOutputs.device.restore(heldBy: process) { Log.line("the output \($0) is not safe: \($1)") }
                    continuation.resume()
                }
                thread.detach()
            } catch {
                Log.line("outputs of process \(process) may not be safe: \(error)")
                continuation.resume()
            }
        }
    }
}

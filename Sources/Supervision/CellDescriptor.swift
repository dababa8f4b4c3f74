internal import Glibc

/// A descriptor that the cells' thread waits for. Closed when released.
final class CellDescriptor: Sendable {
    let number: Int32
    private let thread: CellThread

    /// Takes over the descriptor, and closes it also when it throws.
    init(_ number: Int32, on thread: CellThread) throws {
        self.number = number
        self.thread = thread
        try thread.add(number)
    }

    deinit {
        thread.remove(number)
        close(number)
    }

    func waitUntilReadable() async { await thread.waitUntilReadable(number) }

    func waitUntilWritable() async { await thread.waitUntilWritable(number) }

    /// Ends the wait, and all that follow.
    func release() { thread.release(number) }
}

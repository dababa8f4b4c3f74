internal import CLinux
internal import Glibc

/// A thread for calls that block, which Swift's cooperative pool must never make.
///
/// The thread takes no signals (they stay with the threads that handle them), except those a fault raises in it.
package struct DedicatedThread: Sendable {
    /// The thread could not be started: the process is out of threads or of memory.
    package struct StartError: Error, CustomStringConvertible {
        let name: String
        let code: Int32

        package var description: String { "cannot start the thread \(name): \(systemMessage(code))" }
    }

    private let handle: pthread_t

    /// Starts a thread that runs `body` once.
    ///
    /// Call exactly one of ``join()`` and ``detach()`` afterwards, else the thread's stack is never freed.
    /// - Parameters:
    ///   - name: what `top -H` shows; the kernel keeps the first 15 bytes.
    ///   - stackSize: bytes of stack, a multiple of the page size.
    /// - Throws: ``StartError``.
    package init(
        name: String, stackSize: Int = DedicatedThread.stackSize, _ body: @escaping @Sendable () -> Void
    ) throws(StartError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)

        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        var previous = sigset_t()
        var blocked = Self.blockedSignals
        // A new thread inherits its creator's mask: set here, no signal can slip in before the thread sets its own.
        pthread_sigmask(SIG_SETMASK, &blocked, &previous)
        let code = pthread_create(&handle, &attributes, runThread, start.toOpaque())
        pthread_sigmask(SIG_SETMASK, &previous, nil)
        guard code == 0 else {
            start.release()
            throw StartError(name: name, code: code)
        }
        self.handle = handle
    }

    /// Waits until the thread has ended.
    package func join() {
        pthread_join(handle, nil)
    }

    /// Lets the thread run on by itself; its stack is freed when it ends.
    package func detach() {
        pthread_detach(handle)
    }

    /// Whether the caller runs on this thread.
    package var isCurrent: Bool { pthread_equal(pthread_self(), handle) != 0 }

    /// 256 KiB: far above what a driver's transfer or a C library's callback needs, far below the 8 MiB default, which
    /// a process that locks its memory would have to back in full.
    package static let stackSize = 256 << 10

    /// Every signal but those that mean a fault of the thread itself.
    private static var blockedSignals: sigset_t {
        var set = sigset_t()
        sigfillset(&set)
        for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { sigdelset(&set, signal) }
        return set
    }
}

/// What a new thread needs to begin, carried through pthread_create's untyped argument.
private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    linux_set_thread_name(start.name)
    start.body()
    return nil
}

import Glibc

/// Runs a blocking call on a thread of its own, because the threads of Swift's cooperative pool must never block.
///
/// A new thread for each call: it costs some 20 µs beside the milliseconds of the disk accesses it is for.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let job = Unmanaged.passRetained(ThreadJob { continuation.resume(with: Result(catching: body)) })
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runThreadJob, job.toOpaque())
        if code == 0 {
            pthread_detach(thread)
        } else {
            job.release()
            continuation.resume(throwing: FileError("start a thread for", "a file", code: code))
        }
    }
}

private final class ThreadJob: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

private func runThreadJob(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { Unmanaged<ThreadJob>.fromOpaque(argument).takeRetainedValue().run() }
    return nil
}

internal import CLinux
internal import Glibc
internal import Threads

/// The one thread of a process that starts cells, and that waits for sockets, pipes and the ends of processes.
///
/// It never ends, which matters twice: a cell is killed when the *thread* that started it ends (PR_SET_PDEATHSIG in
/// prctl(2)), and in a cell the same setting is lost with the thread that made it.
final class CellThread: Sendable {
    static let shared = Result { try CellThread() }

    private enum Slot {
        case idle
        case waited(CheckedContinuation<Void, Never>)
        /// Nobody waits any more.
        case released
    }

    private struct State {
        var slots: [Int32: Slot] = [:]
        var work: [@Sendable () -> Void] = []
    }

    private let state = Lock(State())
    private let queue: Int32
    private let hasWork: EventDescriptor

    private init() throws {
        queue = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard queue >= 0 else { throw CellError.system("cannot create an epoll queue", code: errno) }
        hasWork = try EventDescriptor()
        try watch(hasWork.descriptor, EPOLLIN.rawValue)
        let thread = try DedicatedThread(name: "cells") { [self] in
            CellHost.dieWithParent()
            run()
        }
        thread.detach()
    }

    /// Runs what may block, such as starting a process, on this thread.
    func perform<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            state.withLock { $0.work.append { continuation.resume(returning: work()) } }
            hasWork.signal()
        }
    }

    /// Takes up a descriptor that will be waited for.
    func add(_ descriptor: Int32) throws {
        try watch(descriptor, EPOLLONESHOT.rawValue)
        state.withLock { $0.slots[descriptor] = .idle }
    }

    /// Forgets a descriptor, which is to be closed. Nobody waits for it.
    func remove(_ descriptor: Int32) {
        state.withLock { $0.slots[descriptor] = nil }
        epoll_ctl(queue, EPOLL_CTL_DEL, descriptor, nil)
    }

    /// Ends the wait for a descriptor, and all that follow.
    func release(_ descriptor: Int32) {
        let waiter = state.withLock { state in
            guard let slot = state.slots.updateValue(.released, forKey: descriptor), case .waited(let waiter) = slot
            else {
                return nil as CheckedContinuation<Void, Never>?
            }
            return waiter
        }
        waiter?.resume()
    }

    /// Waits until the descriptor can be read, or was released; now and then for nothing. One task at a time may wait.
    ///
    /// Deaf to cancellation: what is waited for here comes at the latest with the end of a process.
    func waitUntilReadable(_ descriptor: Int32) async {
        await wait(descriptor, EPOLLIN.rawValue)
    }

    /// As above, until it can be written to.
    func waitUntilWritable(_ descriptor: Int32) async {
        await wait(descriptor, EPOLLOUT.rawValue)
    }

    private func wait(_ descriptor: Int32, _ events: UInt32) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isWaiting = state.withLock { state in
                guard case .idle = state.slots[descriptor] else { return false }
                state.slots[descriptor] = .waited(continuation)
                return true
            }
            guard isWaiting else { return continuation.resume() }
            var event = epoll_event(
                events: events | EPOLLONESHOT.rawValue, data: epoll_data_t(fd: descriptor))
            // Cannot fail: the descriptor is in the queue until it is removed.
            epoll_ctl(queue, EPOLL_CTL_MOD, descriptor, &event)
        }
    }

    private func watch(_ descriptor: Int32, _ events: UInt32) throws {
        var event = epoll_event(events: events, data: epoll_data_t(fd: descriptor))
        guard epoll_ctl(queue, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            throw CellError.system("cannot wait for a descriptor", code: errno)
        }
    }

    private func run() -> Never {
        // More at a time than there are cells as a rule; what does not fit comes with the next call.
        var events = [epoll_event](repeating: epoll_event(), count: 32)
        while true {
            // Fails only when a signal interrupts it, and this thread takes none.
            let count = epoll_wait(queue, &events, Int32(events.count), -1)
            for event in events.prefix(Int(max(count, 0))) {
                if event.data.fd == hasWork.descriptor {
                    hasWork.wait()
                    let work = state.withLock { state in
                        defer { state.work = [] }
                        return state.work
                    }
                    for item in work { item() }
                } else {
                    wake(event.data.fd)
                }
            }
        }
    }

    private func wake(_ descriptor: Int32) {
        let waiter = state.withLock { state in
            guard case .waited(let waiter) = state.slots[descriptor] else {
                return nil as CheckedContinuation<Void, Never>?
            }
            state.slots[descriptor] = .idle
            return waiter
        }
        waiter?.resume()
    }
}

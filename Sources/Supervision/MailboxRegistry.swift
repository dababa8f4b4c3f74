internal import Threads

/// Mailboxes by name, for those who know what they want to reach but not who makes it.
///
/// A name belongs to one mailbox, as with the `unique` kind of Elixir's Registry. As a mailbox outlives the child that
/// reads it, no restart touches a name: it stays until it is unregistered, and so does its mailbox.
///
/// Bounded: at most ``capacity`` names. Who waits for one waits in its own task's memory.
public final class MailboxRegistry: Sendable {
    /// A registered mailbox, for those who watch it.
    public struct Entry: Sendable, Hashable {
        public let name: String

        /// The type of the mailbox's elements.
        public let element: String

        public let statistics: MailboxStatistics
    }

    private struct Registered {
        let mailbox: any MailboxMonitoring & AnyObject
        let element: String
    }

    private struct State: ~Copyable {
        var registered: [String: Registered] = [:]
        var waiting = WaitList()
    }

    private final class NameWaiter: Waiter, @unchecked Sendable {  // Unchecked as its superclass is.
        let name: String

        init(_ name: String) {
            self.name = name
        }
    }

    /// The most names there can be, at least 1.
    public let capacity: Int

    private let state = Lock(State())

    /// - Parameter capacity: the most names there can be; below 1 counts as 1. 1024 are more than a device's tree has.
    public init(capacity: Int = 1024) {
        self.capacity = max(1, capacity)
    }

    /// Gives a mailbox a name. It may have others. To register it again under the same name changes nothing, so that a
    /// child can do it at each start.
    /// - Throws: ``MailboxRegistryError/emptyName``, ``MailboxRegistryError/nameTaken(_:)``,
    ///   ``MailboxRegistryError/full(capacity:)``.
    public func register<Element>(
        _ mailbox: Mailbox<Element>, as name: String
    ) throws(MailboxRegistryError) {
        if name.isEmpty { throw .emptyName }
        var woken = WaitList()
        try state.withLock { (state) throws(MailboxRegistryError) in
            if let other = state.registered[name] {
                guard other.mailbox === mailbox else { throw .nameTaken(name) }
                return
            }
            guard state.registered.count < capacity else { throw .full(capacity: capacity) }
            state.registered[name] = Registered(mailbox: mailbox, element: "\(Element.self)")
            state.waiting.moveAll(to: &woken) { ($0 as? NameWaiter)?.name == name }
        }
        woken.resumeAll()
    }

    /// Frees a name.
    /// - Returns: whether there was a mailbox of that name.
    @discardableResult
    public func unregister(_ name: String) -> Bool {
        // Released after the lock: the mailbox may be the last reference to elements with code of their own.
        let removed = state.withLock { $0.registered.removeValue(forKey: name) }
        return removed != nil
    }

    /// The mailbox of that name.
    /// - Throws: ``MailboxRegistryError/unknownName(_:)``,
    ///   ``MailboxRegistryError/wrongElement(name:registered:requested:)``.
    public func mailbox<Element>(
        _ name: String, of element: Element.Type = Element.self
    ) throws(MailboxRegistryError) -> Mailbox<Element> {
        guard let registered = state.withLock({ $0.registered[name] }) else { throw .unknownName(name) }
        return try typed(registered, name)
    }

    /// The mailbox of that name, waiting until there is one.
    /// - Throws: ``MailboxRegistryError/wrongElement(name:registered:requested:)``; `CancellationError` when the task was
    ///   cancelled while it waited.
    public nonisolated(nonsending) func mailbox<Element>(
        waitingFor name: String, of element: Element.Type = Element.self
    ) async throws -> Mailbox<Element> {
        while true {
            if let registered = state.withLock({ $0.registered[name] }) { return try typed(registered, name) }
            guard await waitForName(name) else { throw CancellationError() }
        }
    }

    /// All registered mailboxes, by name.
    public var entries: [Entry] {
        let registered = state.withLock { $0.registered }
        return registered.sorted { $0.key < $1.key }.map {
            Entry(name: $0.key, element: $0.value.element, statistics: $0.value.mailbox.statistics)
        }
    }

    private func typed<Element>(
        _ registered: Registered, _ name: String
    ) throws(MailboxRegistryError) -> Mailbox<Element> {
        guard let mailbox = registered.mailbox as? Mailbox<Element> else {
            throw .wrongElement(name: name, registered: registered.element, requested: "\(Element.self)")
        }
        return mailbox
    }

    /// - Returns: false when the task was cancelled.
    private nonisolated(nonsending) func waitForName(_ name: String) async -> Bool {
        let waiter = NameWaiter(name)
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    // It may have been registered since the caller looked.
                    if state.registered[name] != nil { return true }
                    return state.waiting.append(waiter, continuation) ? nil : false
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiting.cancel(waiter) }?.resume(returning: false)
        }
    }
}

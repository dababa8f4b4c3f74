internal import Glibc
internal import Synchronization
internal import Threads

/// Finds the addresses of hosts, within a time of ours.
///
/// getaddrinfo(3) has limits of its own, which /etc/resolv.conf sets: 5 s for each server, twice, if it says nothing else.
/// Nothing ends it early. It runs on a thread of its own; a search that takes too long is left to itself, and so that
/// these do not pile up there is a limit of them. getaddrinfo_a(3) does no more: its threads go on as well.
package final class Resolver: Sendable {
    /// What connect(2) needs.
    package struct Address: Sendable {
        package let family: Int32
        package let type: Int32
        package let transport: Int32
        /// A `sockaddr`.
        package let bytes: [UInt8]
    }

    /// Why there are no addresses.
    package struct Failure: Error {
        package let reason: String
        /// Whether the same search may succeed a little later.
        package let mayPass: Bool

        package init(reason: String, mayPass: Bool) {
            self.reason = reason
            self.mayPass = mayPass
        }
    }

    package typealias Search = @Sendable (_ host: String, _ port: Int) -> Result<[Address], Failure>

    /// Searches under way, those included that nobody waits for any more.
    private let underWay = Atomic<Int>(0)
    private let search: Search

    /// How many there may be. Each has a thread; where four do not end a fifth would not either.
    static let maximumUnderWay = 4

    /// - Parameter search: may block for ever.
    package init(_ search: @escaping Search) { self.search = search }

    /// The addresses of a host, in the order in which to try them; at least one.
    package func addresses(of host: String, port: Int, limit: Duration) throws(HTTPError) -> [Address] {
        guard underWay.add(1, ordering: .relaxed).newValue <= Self.maximumUnderWay else {
            underWay.subtract(1, ordering: .relaxed)
            throw .unknownHost(host, reason: "earlier searches for addresses do not end", mayPass: true)
        }
        let outcome: Outcome
        do {
            outcome = try Outcome()
            try DedicatedThread(name: "resolver") { [self] in
                outcome.finish(search(host, port))
                underWay.subtract(1, ordering: .relaxed)
            }.detach()
        } catch {
            underWay.subtract(1, ordering: .relaxed)
            throw .unknownHost(host, reason: "\(error)", mayPass: true)
        }
        switch outcome.wait(until: Deadline(after: limit)) {
        case .success(let addresses): return addresses
        case .failure(let failure): throw .unknownHost(host, reason: failure.reason, mayPass: failure.mayPass)
        case nil:
            throw .unknownHost(host, reason: "no answer in time", mayPass: true)
        }
    }

    /// What a search has found, for the one that waits for it if it still does.
    private final class Outcome: Sendable {
        private let result = Lock<Result<[Address], Failure>?>(nil)
        private let event: EventDescriptor

        init() throws(EventDescriptor.CreationError) { event = try EventDescriptor() }

        func finish(_ found: Result<[Address], Failure>) {
            result.withLock { $0 = found }
            event.signal()
        }

        /// Nil when nothing was found before the deadline.
        func wait(until deadline: Deadline) -> Result<[Address], Failure>? {
            while !event.wait(milliseconds: Int(deadline.millisecondsLeft)), !deadline.hasPassed {}
            return result.withLock { $0 }
        }
    }

    /// By the C library: /etc/hosts and DNS.
    package static func systemSearch(_ host: String, _ port: Int) -> Result<[Address], Failure> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        // Only kinds of addresses this machine has itself.
        hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            let reason = code == EAI_SYSTEM ? systemMessage(errno) : String(cString: gai_strerror(code))
            return .failure(Failure(reason: reason, mayPass: code == EAI_AGAIN || code == EAI_SYSTEM))
        }
        defer { freeaddrinfo(list) }
        var addresses: [Address] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            let bytes = UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
            addresses.append(
                Address(
                    family: entry.ai_family, type: entry.ai_socktype, transport: entry.ai_protocol, bytes: Array(bytes))
            )
        }
        return addresses.isEmpty ? .failure(Failure(reason: "it has none", mayPass: false)) : .success(addresses)
    }
}

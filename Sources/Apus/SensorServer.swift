internal import CLinux
internal import Glibc
internal import Monitoring
internal import Threads

/// Tells whoever connects to a socket how the sensors are: a line at once, and then one a second.
///
/// What clients say is not read. One that does not take its lines misses those that come meanwhile, and is hung up on when
/// it has not taken one within its time. While nobody is connected nothing is asked for and nothing is made.
final class SensorServer: Sendable {
    /// The socket cannot be made.
    struct StartError: Error, CustomStringConvertible {
        let path: String
        let reason: String

        var description: String { "nobody can ask for the sensors at \(path): \(reason)" }
    }

    struct Limits: Sendable {
        /// Further clients are hung up on: more never look at once.
        var clients = 8
        var interval = Duration.seconds(1)
        /// How long a client may take for a line that its socket has no room for.
        var writing = Duration.seconds(5)
    }

    /// The answer to the request for a line, made on the cooperative pool.
    private struct Mail {
        var line: [UInt8]?
        var isStopped = false
    }

    private struct Client {
        let descriptor: Int32
        /// Of the present line.
        var rest: ArraySlice<UInt8> = []
        var deadline: Int64 = 0
        var isGone = false
    }

    let path: String
    private let limits: Limits
    private let listener: Int32
    private let wake: EventDescriptor
    private let mail = Lock(Mail())
    private let makeLine: @Sendable () async -> [UInt8]
    private let thread = Lock<DedicatedThread?>(nil)

    /// - Parameters:
    ///   - path: where the socket is made, in place of one that is there; only this process's user may connect.
    ///   - makeLine: makes a line, which ends with a line feed.
    /// - Throws: ``StartError``, or why there is no thread or descriptor for it.
    init(path: String, limits: Limits = Limits(), _ makeLine: @escaping @Sendable () async -> [UInt8]) throws {
        self.path = path
        self.limits = limits
        self.makeLine = makeLine
        wake = try EventDescriptor()
        listener = try Self.listen(at: path)
        do {
            let thread = try DedicatedThread(name: "sensor server") { [self] in serve() }
            self.thread.withLock { $0 = thread }
        } catch {
            // Nobody would ever answer there.
            close(listener)
            unlink(path)
            throw error
        }
    }

    /// Where the environment says, in APUS_SENSORS, else on a device its usual place; nil elsewhere.
    static var defaultPath: String? {
        if let path = getenv("APUS_SENSORS") { return String(cString: path) }
        // Written into every image when it is built. The folder alone may be on any machine.
        return access("/etc/apus/board.conf", F_OK) == 0 ? SensorStream.devicePath : nil
    }

    /// Hangs up on everybody, and takes the socket away.
    func stop() {
        mail.withLock { $0.isStopped = true }
        wake.signal()
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }

    private static func listen(at path: String) throws(StartError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            bytes.copyBytes(from: path.utf8.prefix(bytes.count - 1))
            return path.utf8.count < bytes.count
        }
        guard isShort else { throw StartError(path: path, reason: "the path is longer than 107 bytes") }
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, flags, 0)
        guard descriptor >= 0 else { throw StartError(path: path, reason: systemMessage(errno)) }
        // The file gets the descriptor's mode, without a moment in which others could connect.
        fchmod(descriptor, 0o600)
        // Of an earlier process. Never another kind of file: the path may be a mistake.
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0, Glibc.listen(descriptor, 8) == 0 else {
            let reason = systemMessage(errno)
            close(descriptor)
            throw StartError(path: path, reason: reason)
        }
        return descriptor
    }
}

// On the server's thread.
extension SensorServer {
    private func serve() {
        var clients: [Client] = []
        /// When the next line is asked for, and whether one is being made.
        var nextLine: Int64 = 0
        var isAsked = false
        /// Until when nobody is accepted: the process is out of descriptors, and the listener stays readable.
        var pause: Int64 = 0
        let interval = limits.interval / .nanoseconds(1)

        while true {
            let now = MonotonicClock.now
            if !clients.isEmpty, !isAsked, now >= nextLine {
                isAsked = true
                nextLine = now + Int64(interval)
                Task { [self] in
                    let line = await makeLine()
                    mail.withLock { $0.line = line }
                    wake.signal()
                }
            }
            var entries = [
                pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
                // A negative descriptor is passed over.
                pollfd(fd: now < pause ? -1 : listener, events: Int16(POLLIN), revents: 0),
            ]
            // That the other side hung up is told without being asked for.
            entries += clients.map {
                pollfd(fd: $0.descriptor, events: $0.rest.isEmpty ? 0 : Int16(POLLOUT), revents: 0)
            }
            var moments = clients.filter { !$0.rest.isEmpty }.map(\.deadline)
            if !clients.isEmpty, !isAsked { moments.append(nextLine) }
            if now < pause { moments.append(pause) }
            // Rounded up, so as not to wake in vain.
            let wait = moments.min().map { Int32(clamping: (max($0 - now, 0) + 999_999) / 1_000_000) } ?? -1
            poll(&entries, nfds_t(entries.count), wait)

            if entries[0].revents != 0 {
                wake.wait()
                let mail = mail.withLock { mail in
                    defer { mail.line = nil }
                    return mail
                }
                if mail.isStopped { break }
                if let line = mail.line {
                    isAsked = false
                    let deadline = MonotonicClock.now + Int64(limits.writing / .nanoseconds(1))
                    for index in clients.indices where clients[index].rest.isEmpty {
                        clients[index].rest = line[...]
                        clients[index].deadline = deadline
                    }
                }
            }
            for (index, entry) in zip(clients.indices, entries.dropFirst(2))
            where Int32(entry.revents) & (POLLHUP | POLLERR) != 0 { clients[index].isGone = true }
            for index in clients.indices where !clients[index].rest.isEmpty { write(to: &clients[index]) }
            for client in clients where client.isGone { close(client.descriptor) }
            clients.removeAll(where: \.isGone)

            if entries[1].revents != 0 {
                switch accept(clients.count) {
                case .client(let client):
                    // The first line at once, but not for a storm of clients.
                    if clients.isEmpty { nextLine = min(nextLine, MonotonicClock.now + 50_000_000) }
                    clients.append(client)
                case .nobody: break
                case .failed: pause = MonotonicClock.now + 1_000_000_000
                }
            }
        }
        for client in clients { close(client.descriptor) }
        unlink(path)
        close(listener)
    }

    private enum Acceptance {
        case client(Client)
        case nobody
        case failed
    }

    private func accept(_ count: Int) -> Acceptance {
        let descriptor = linux_accept(listener)
        guard descriptor >= 0 else {
            return [EAGAIN, EINTR, ECONNABORTED].contains(errno) ? .nobody : .failed
        }
        guard count < limits.clients else {
            close(descriptor)
            return .nobody
        }
        return .client(Client(descriptor: descriptor))
    }

    private func write(to client: inout Client) {
        while !client.rest.isEmpty, !client.isGone {
            let count = client.rest.withUnsafeBytes {
                send(client.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                client.rest = client.rest.dropFirst(count)
            } else if errno == EAGAIN {
                if MonotonicClock.now >= client.deadline { client.isGone = true }
                return
            } else if errno != EINTR {
                client.isGone = true
            }
        }
    }
}

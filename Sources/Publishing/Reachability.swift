internal import CLinux
internal import Glibc
internal import HTTP
internal import Threads

/// Whether a TCP connection to a host comes about, within a time of ours.
///
/// libmosquitto connects in blocking calls: to a host that does not answer at all, such as while a link is down, that takes
/// the kernel's two minutes for each of its addresses, in which nothing else is tried and the network's return goes
/// unnoticed for up to one. Its other way, mosquitto_connect_async, tries the first address only. So it connects
/// only after we could, with a connection that is closed again.
enum Reachability {
    /// - Parameters:
    ///   - resolver: finds the host's addresses.
    ///   - milliseconds: to find its addresses, and as much again to connect to them, all together.
    ///   - wait: waits up to so many milliseconds for a descriptor to become writable; false when it did not.
    /// - Returns: why it is not reachable; nil when it is.
    static func problem(
        of broker: BrokerURL, _ resolver: Resolver, within milliseconds: Int,
        wait: (_ descriptor: Int32, _ milliseconds: Int) -> Bool
    ) -> BrokerState? {
        let addresses: [Resolver.Address]
        do throws(HTTPError) {
            addresses = try resolver.addresses(
                of: broker.host, port: broker.port, limit: .milliseconds(milliseconds))
        } catch .unknownHost(_, let reason, _) {
            return .unresolved(reason: reason)
        } catch {
            return .unresolved(reason: error.fact)
        }
        var reason = ETIMEDOUT
        for address in addresses {
            reason = connect(to: address, within: milliseconds / addresses.count, wait)
            if reason == 0 { return nil }
        }
        return .unreachable(reason: systemMessage(reason))
    }

    /// - Returns: an error number; 0 when there was a connection.
    private static func connect(
        to address: Resolver.Address, within milliseconds: Int, _ wait: (Int32, Int) -> Bool
    ) -> Int32 {
        let descriptor = socket(
            address.family, address.type | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
            address.transport)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        let isConnected = address.bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                Glibc.connect(descriptor, $0.baseAddress, socklen_t(bytes.count)) == 0
            }
        }
        if isConnected { return 0 }
        guard errno == EINPROGRESS else { return errno }
        guard wait(descriptor, milliseconds) else { return ETIMEDOUT }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
    }
}

internal import CLinux
internal import Glibc

/// Whether a TCP connection to a host comes about, within a time of ours.
///
/// libmosquitto connects in blocking calls: to a host that does not answer at all, such as while a link is down, that takes
/// the kernel's two minutes for each of its addresses, in which nothing else is tried and the network's return goes
/// unnoticed for up to one. Its other way, mosquitto_connect_async, tries the first address only. So it connects
/// only after we could, with a connection that is closed again.
enum Reachability {
    /// - Parameters:
    ///   - milliseconds: for all its addresses together.
    ///   - wait: waits up to so many milliseconds for a descriptor to become writable; false when it did not.
    /// - Returns: why it is not reachable; nil when it is.
    static func problem(
        of broker: BrokerURL, within milliseconds: Int, wait: (_ descriptor: Int32, _ milliseconds: Int) -> Bool
    ) -> BrokerState? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(broker.host, String(broker.port), &hints, &list)
        guard code == 0 else { return .unresolved(reason: String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var addresses = 0
        var next = list
        while let address = next {
            addresses += 1
            next = address.pointee.ai_next
        }
        var reason = ETIMEDOUT
        next = list
        while let address = next {
            reason = connect(to: address.pointee, within: milliseconds / addresses, wait)
            if reason == 0 { return nil }
            next = address.pointee.ai_next
        }
        return .unreachable(reason: String(cString: strerror(reason)))
    }

    /// - Returns: an error number; 0 when there was a connection.
    private static func connect(
        to address: addrinfo, within milliseconds: Int, _ wait: (Int32, Int) -> Bool
    ) -> Int32 {
        let descriptor = socket(
            address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return 0 }
        guard errno == EINPROGRESS else { return errno }
        guard wait(descriptor, milliseconds) else { return ETIMEDOUT }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
    }
}

internal import CLinux
internal import Glibc
internal import HTTP
internal import Threads

/// At which of its addresses a host can be reached by TCP, within a time of ours.
///
/// libmosquitto connects in blocking calls: to a host that does not answer at all, such as while a link is down, that takes
/// the kernel's two minutes for each of its addresses, in which nothing else is tried and the network's return goes
/// unnoticed for up to one. Its other way, mosquitto_connect_async, tries the first address only, and both ask the resolver,
/// which nothing can interrupt. So it connects only after we could, with a connection that is closed again, and to that
/// address.
enum Reachability {
    /// - Parameters:
    ///   - resolver: finds the host's addresses.
    ///   - milliseconds: to find its addresses, and as much again to connect to them, all together.
    ///   - wait: waits up to so many milliseconds for a descriptor to become writable; false when it did not.
    /// - Returns: the address in numbers.
    /// - Throws: why it is not reachable.
    static func address(
        of broker: BrokerURL, _ resolver: Resolver, within milliseconds: Int,
        wait: (_ descriptor: Int32, _ milliseconds: Int) -> Bool
    ) throws(MQTTClient.Failure) -> String {
        let addresses: [Resolver.Address]
        do throws(HTTPError) {
            addresses = try resolver.addresses(
                of: broker.host, port: broker.port, limit: .milliseconds(milliseconds))
        } catch .unknownHost(_, let reason, _) {
            throw MQTTClient.Failure(state: .unresolved(reason: reason))
        } catch {
            throw MQTTClient.Failure(state: .unresolved(reason: error.fact))
        }
        var reason = ETIMEDOUT
        for address in addresses {
            reason = connect(to: address, within: milliseconds / addresses.count, wait)
            if reason == 0 { return numbers(of: address) ?? broker.host }
        }
        throw MQTTClient.Failure(state: .unreachable(reason: systemMessage(reason)))
    }

    private static func numbers(of address: Resolver.Address) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = address.bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                getnameinfo(
                    $0.baseAddress, socklen_t(bytes.count), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            }
        }
        guard code == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
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

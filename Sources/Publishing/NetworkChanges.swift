internal import CLinux
internal import Glibc

/// Tells when an address or a route of this machine changes (rtnetlink(7)).
///
/// A retry at that moment finds the network as soon as it is there, at boot and after every outage, where a timer alone
/// finds it up to its whole delay too late.
struct NetworkChanges: ~Copyable {
    /// Readable after a change; -1, which poll(2) ignores, where the kernel gives no such socket.
    let descriptor: Int32

    init() {
        let descriptor = socket(
            AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
            NETLINK_ROUTE)
        var address = sockaddr_nl()
        address.nl_family = UInt16(AF_NETLINK)
        // Not RTMGRP_LINK: a wireless interface announces its scans there.
        address.nl_groups = UInt32(
            RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_nl>.size)) == 0
            }
        }
        if descriptor >= 0, !isBound { close(descriptor) }
        self.descriptor = isBound ? descriptor : -1
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Forgets the changes so far. What changed does not matter here, so the messages go unread.
    func drain() {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while recv(descriptor, buffer.baseAddress, buffer.count, 0) > 0 || errno == ENOBUFS {}
        }
    }
}

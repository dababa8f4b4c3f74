internal import CLinux
internal import Glibc

/// Network interfaces as they come and go (rtnetlink(7)).
struct Links {
    enum Change: Equatable {
        case came(String)
        case went(String)
    }

    let descriptor: Int32

    init() {
        descriptor = socket(
            AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
            NETLINK_ROUTE)
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = UInt32(RTMGRP_LINK)
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
        requestAll()
    }

    /// Asks for the interfaces that are there already; they arrive like new ones.
    private func requestAll() {
        struct Request {
            var header = nlmsghdr()
            var body = ifinfomsg()
        }
        var request = Request()
        request.header.nlmsg_len = UInt32(MemoryLayout<Request>.size)
        request.header.nlmsg_type = UInt16(RTM_GETLINK)
        request.header.nlmsg_flags = UInt16(NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH)
        _ = send(descriptor, &request, MemoryLayout<Request>.size, 0)
    }

    /// All changes that have arrived. When the kernel had to drop some, everything is asked for again.
    func changes() -> [Change] {
        var found: [Change] = []
        var buffer = [UInt8](repeating: 0, count: 32768)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0 && errno == ENOBUFS {
                requestAll()
                continue
            }
            guard count > 0 else { return found }
            found += Self.parse(buffer[..<count])
        }
    }

    /// Ethernet interfaces only: the loopback needs no address from outside, point-to-point ones have their own clients.
    static func parse(_ bytes: ArraySlice<UInt8>) -> [Change] {
        func number<T: FixedWidthInteger>(_ offset: Int, _: T.Type) -> T? {
            guard offset >= bytes.startIndex, offset <= bytes.endIndex - MemoryLayout<T>.size else { return nil }
            return bytes.withUnsafeBytes {
                T(littleEndian: $0.loadUnaligned(fromByteOffset: offset - bytes.startIndex, as: T.self))
            }
        }
        var found: [Change] = []
        var message = bytes.startIndex
        // nlmsghdr: length 0, type 4; ifinfomsg follows at 16: family 16, device type 18; attributes from 32.
        while let length = number(message, UInt32.self).map(Int.init), length >= 16, length <= bytes.endIndex - message
        {
            let type = number(message + 4, UInt16.self).map(Int.init)
            let end = message + length
            if type == Int(RTM_NEWLINK) || type == Int(RTM_DELLINK),
                number(message + 18, UInt16.self) == UInt16(ARPHRD_ETHER)
            {
                var attribute = message + 32
                while let size = number(attribute, UInt16.self).map(Int.init), size >= 4, size <= end - attribute {
                    if number(attribute + 2, UInt16.self).map(Int.init) == Int(IFLA_IFNAME) {
                        let name = String(
                            decoding: bytes[(attribute + 4)..<(attribute + size)].prefix { $0 != 0 }, as: UTF8.self)
                        found.append(type == Int(RTM_NEWLINK) ? .came(name) : .went(name))
                    }
                    attribute += (size + 3) / 4 * 4
                }
            }
            message += (length + 3) / 4 * 4
        }
        return found
    }
}

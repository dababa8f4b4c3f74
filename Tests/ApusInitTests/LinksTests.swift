import Testing

@testable import apus_init

/// Messages as rtnetlink(7) lays them out, little-endian as on every board of ours.
struct LinksTests {
    private func message(type: UInt16, device: UInt16, name: String, nameSize: UInt16? = nil) -> [UInt8] {
        func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        let text = Array(name.utf8) + [0]
        // ifinfomsg: family, padding, device type, index, flags, change.
        var body: [UInt8] = [0, 0] + bytes(device) + bytes(UInt32(2)) + bytes(UInt32(0)) + bytes(UInt32(0))
        // IFLA_IFNAME is 3 (linux/if_link.h).
        body += bytes(nameSize ?? UInt16(4 + text.count)) + bytes(UInt16(3)) + text
        while body.count % 4 != 0 { body.append(0) }
        return bytes(UInt32(16 + body.count)) + bytes(type) + [UInt8](repeating: 0, count: 10) + body
    }

    @Test func tellsEthernetInterfacesThatComeAndGo() {
        // RTM_NEWLINK 16, RTM_DELLINK 17; ARPHRD_ETHER 1, ARPHRD_LOOPBACK 772.
        let bytes =
            message(type: 16, device: 772, name: "lo") + message(type: 16, device: 1, name: "eth0")
            + message(type: 17, device: 1, name: "usb0")
        #expect(Links.parse(bytes[...]) == [.came("eth0"), .went("usb0")])
    }

    @Test func everyTruncationIsHarmless() {
        let bytes = message(type: 16, device: 1, name: "eth0") + message(type: 16, device: 1, name: "eth1")
        for count in 0..<bytes.count { #expect(Links.parse(bytes[..<count]).count <= 1) }
    }

    @Test func anAttributeLongerThanItsMessageIsIgnored() {
        #expect(Links.parse(message(type: 16, device: 1, name: "eth0", nameSize: 400)[...]).isEmpty)
        #expect(Links.parse(message(type: 16, device: 1, name: "eth0", nameSize: 0)[...]).isEmpty)
    }
}

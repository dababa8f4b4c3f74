import Testing

@testable import Updating

struct VersionOrderTests {
    /// Each is older than the one after it.
    private static let ascending = [
        "~", "0", "0.9", "1.0-alpha.1", "1.0-beta", "1.0~rc1", "1.0-rc.2", "1.0-rc.10", "1.0", "1.0+git5",
        "1.0-3-gabcdef", "1.0.1", "1.2", "1.10", "2a", "2b", "2.0", "10", "20260101",
    ]

    @Test func ordersVersions() {
        for (i, a) in Self.ascending.enumerated() {
            for (j, b) in Self.ascending.enumerated() {
                #expect(VersionOrder.isOlder(a, than: b) == (i < j), "\(a) and \(b)")
            }
        }
    }

    @Test(arguments: [("1.0", "1.00"), ("1.01", "1.1"), ("00", "0"), ("", "")])
    func knowsEquals(a: String, b: String) {
        #expect(!VersionOrder.isOlder(a, than: b) && !VersionOrder.isOlder(b, than: a))
    }

    @Test func numbersMayBeLong() {
        let nines = String(repeating: "9", count: 64)
        #expect(VersionOrder.isOlder(nines, than: "1" + String(repeating: "0", count: 64)))
    }
}

import Glibc
import Synchronization
import Testing

@testable import HTTP
@testable import Updating

struct ResolverTests {
    /// A name server that does not answer, until it is let go.
    private final class BlackHole: Sendable {
        private let isOpen = Atomic<Bool>(false)
        let searches = Atomic<Int>(0)
        let ended = Atomic<Int>(0)

        var search: Resolver.Search {
            { [self] host, _ in
                searches.add(1, ordering: .relaxed)
                // Ends by itself, so that a resolver without a deadline fails the tests instead of holding them.
                for _ in 0..<2000 where !isOpen.load(ordering: .relaxed) { usleep(10_000) }
                ended.add(1, ordering: .relaxed)
                return .failure(.init(reason: "\(host) came out of the hole", mayPass: false))
            }
        }

        func letGo() { isOpen.store(true, ordering: .relaxed) }
    }

    @Test func aSearchWithoutAnswerIsLeftToItself() throws {
        let hole = BlackHole()
        defer { hole.letGo() }
        var settings = HTTPSettings()
        settings.search = hole.search
        settings.connectLimit = .milliseconds(50)
        let source = HTTPSource(try HTTPURL("http://device.invalid/b.apus"), settings: settings)
        let error = UpdateError.http(.unknownHost("device.invalid", reason: "no answer in time", mayPass: true))
        #expect(throws: error) { try source.read(at: 0, count: 10) }
        #expect(error.remedy.contains("/etc/resolv.conf"))
        #expect(hole.ended.load(ordering: .relaxed) == 0)
    }

    @Test func searchesDoNotPileUp() throws {
        let hole = BlackHole()
        defer { hole.letGo() }
        let resolver = Resolver(hole.search)
        func reason(_ limit: Duration) -> String? {
            do {
                _ = try resolver.addresses(of: "x.invalid", port: 80, limit: limit)
            } catch .unknownHost(_, let reason, _) {
                return reason
            } catch {}
            return nil
        }
        for _ in 0..<Resolver.maximumUnderWay { #expect(reason(.milliseconds(5)) == "no answer in time") }
        for _ in 0..<3 { #expect(reason(.seconds(60)) == "earlier searches for addresses do not end") }
        // Each of them began, if not at once.
        while hole.searches.load(ordering: .relaxed) < Resolver.maximumUnderWay { sched_yield() }
        #expect(hole.searches.load(ordering: .relaxed) == Resolver.maximumUnderWay)
        hole.letGo()
        // When they have ended there is room for others; nothing tells when their threads have come so far.
        var last: String?
        for _ in 0..<20_000 where last != "x.invalid came out of the hole" {
            last = reason(.seconds(60))
            usleep(1000)
        }
        #expect(last == "x.invalid came out of the hole")
    }

    @Test func findsTheAddressesOfThisMachine() throws {
        let resolver = Resolver { Resolver.systemSearch($0, $1) }
        let numeric = try resolver.addresses(of: "127.0.0.1", port: 8080, limit: .seconds(60))
        #expect(numeric.count == 1)
        #expect(numeric[0].family == AF_INET)
        // In network order, as sockaddr_in has them.
        #expect(numeric[0].bytes[2..<8].map(Int.init) == [8080 >> 8, 8080 & 255, 127, 0, 0, 1])
        #expect(try !resolver.addresses(of: "localhost", port: 80, limit: .seconds(60)).isEmpty)
        // By RFC 6761 nobody has this name.
        #expect(throws: HTTPError.self) { try resolver.addresses(of: "no host", port: 80, limit: .seconds(60)) }
    }
}

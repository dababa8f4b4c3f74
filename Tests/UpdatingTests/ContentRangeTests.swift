import Testing

@testable import HTTP

struct ContentRangeTests {
    @Test func readsRanges() throws {
        let range = try #require(ContentRange("bytes 0-1023/146515"))
        #expect(range.bytes == 0..<1024)
        #expect(range.total == 146_515)
        let last = try #require(ContentRange("bytes 9-9/10"))
        #expect(last.bytes == 9..<10)
        #expect(last.total == 10)
        let unknown = try #require(ContentRange("bytes 5-6/*"))
        #expect(unknown.bytes == 5..<7)
        #expect(unknown.total == nil)
    }

    @Test(arguments: [
        "", "bytes", "bytes ", "bytes 0-1", "bytes 0-1/", "bytes 0-1/2/3", "items 0-1/2", "bytes 0-1/-2", "bytes -1/2",
        "bytes 0-/2", "bytes 0/2", "bytes 0-1-1/3", "bytes */2", "bytes 2-1/3", "bytes 0 -1/2", "bytes 0x0-1/2",
        // Beyond the whole.
        "bytes 0-1/1", "bytes 9-10/10", "bytes 0-0/0",
        "bytes 0-9223372036854775807/*", "bytes 0-99999999999999999999/*", "bytes 0-1/99999999999999999999",
    ])
    func refusesOthers(text: String) {
        #expect(ContentRange(text) == nil)
    }
}

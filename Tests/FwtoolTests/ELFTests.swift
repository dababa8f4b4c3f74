import Foundation
import Testing

@testable import fwtool

struct ELFTests {
    /// The test program itself: a dynamically linked ELF file that is always there.
    private let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()

    @Test func readsWhatAProgramNeeds() throws {
        let elf = try #require(try ELF.read(own))
        #expect(elf.needed.contains { $0.hasPrefix("libc.so") })
        #expect(elf.interpreter?.contains("ld-linux") == true)
    }

    @Test func aTextIsNone() throws {
        let folder = try ScratchFolder()
        let file = folder.url.appendingPathComponent("text")
        try "#!/bin/sh\n".write(to: file, atomically: true, encoding: .utf8)
        #expect(try ELF.read(file) == nil)
        try Data().write(to: file)
        #expect(try ELF.read(file) == nil)
    }

    @Test func everyTruncationOfTheHeadersIsRefusedOrHarmless() throws {
        let data = try Data(contentsOf: own)
        for count in stride(from: 4, to: 8192, by: 7) {
            // Only that it throws or returns; a trap would end the test run.
            _ = try? ELF(data.prefix(count), name: "cut")
        }
        #expect(throws: FwtoolError.self) { try ELF(data.prefix(40), name: "cut") }
    }

    @Test func everyFlippedByteOfTheHeadersIsRefusedOrHarmless() throws {
        let data = try Data(contentsOf: own)
        for index in 4..<1024 {
            var damaged = data
            damaged[index] ^= 0xFF
            _ = try? ELF(damaged, name: "damaged")
        }
    }
}

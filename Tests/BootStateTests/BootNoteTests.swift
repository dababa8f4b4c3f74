import Testing

@testable import BootState

struct BootNoteTests {
    @Test func everyNoteReadsBack() {
        for slot in Slot.allCases {
            for stage in BootNote.Stage.allCases {
                for count in [0, 1, 3, 255] as [UInt8] {
                    let note = BootNote(slot: slot, stage: stage, count: count)
                    #expect(note.encoded().count == BootNote.size)
                    #expect(BootNote(decoding: note.encoded()) == note)
                }
            }
        }
    }

    /// A page that lost its power for a moment: any decayed bit shows.
    @Test func everyFlippedBitIsDetected() {
        let page = BootNote(slot: .b, stage: .running).encoded()
        for index in page.indices {
            var decayed = page
            decayed[index] ^= 1 << (index % 8)
            #expect(BootNote(decoding: decayed) == nil)
        }
    }

    /// As U-Boot itself leaves it: both checksums in its own order.
    @Test(arguments: [false, true])
    func readsANoteOfEitherByteOrder(isSwapped: Bool) {
        let note = BootNote(slot: .a, stage: .started, count: 2)
        let page = note.encoded()
        let (little, big) = (page[4088..<4092], page[4092...])
        #expect(Array(little.reversed()) == Array(big))
        let own = isSwapped ? big : little
        #expect(BootNote(decoding: Array(page[..<4088]) + Array(own) + Array(own)) == note)
    }

    @Test(arguments: [0, 16, 4095, 4097])
    func refusesOtherLengths(count: Int) {
        #expect(BootNote(decoding: Array(repeating: 0, count: count)) == nil)
    }

    @Test func refusesAnEmptyPage() {
        #expect(BootNote(decoding: Array(repeating: 0, count: 4096)) == nil)
        #expect(BootNote(decoding: Array(repeating: 0xff, count: 4096)) == nil)
    }
}

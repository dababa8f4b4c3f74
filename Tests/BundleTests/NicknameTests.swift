import Testing

@testable import Bundle

struct NicknameTests {
    @Test func everyListHas128DifferentWords() {
        for list in [Nickname.manners, Nickname.colours, Nickname.animals] {
            #expect(list.count == 128 && Set(list).count == 128)
            #expect(list.allSatisfy { $0.allSatisfy { ("a"..."z").contains($0) } && (3...10).contains($0.count) })
        }
        #expect(Set(Nickname.colours).isDisjoint(with: Nickname.animals))
    }

    /// Part of the format: the same id is called the same everywhere and for ever.
    @Test(arguments: [
        ("000000", "able-amber-albatross"), ("808080ff", "able-amber-albatross"), ("7f7f7f", "royal-teal-tiger"),
        ("f9403db88c8a3e80", "proud-ivory-hippo"), ("", "able-amber-albatross"),
        ("zz\u{1F600}", "able-amber-albatross"),
    ])
    func namesAreFixed(id: String, name: String) {
        #expect(Nickname(of: id).description == name)
    }
}

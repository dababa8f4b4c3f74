import Testing

@testable import Bundle

struct SHA256Tests {
    /// FIPS 180-4's examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func digest(text: String, hexadecimal: String) {
        #expect(SHA256.digest(of: Array(text.utf8)).description == hexadecimal)
    }

    @Test func piecesGiveTheSameDigest() {
        var hash = SHA256()
        for _ in 0..<1000 { hash.update(Array(repeating: UInt8(ascii: "a"), count: 1000)) }
        #expect(
            hash.finalize().description == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func digestsHaveOneSpelling() {
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(SHA256.Digest(hexadecimal: text) == SHA256.digest(of: Array("abc".utf8)))
        for other in ["", text.uppercased(), String(text.dropLast()), text + "0", String(text.dropLast()) + "g"] {
            #expect(SHA256.Digest(hexadecimal: other) == nil)
        }
    }
}

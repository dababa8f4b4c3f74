import JSON
import Testing

struct JSONSerializerTests {
    @Test(
        arguments: [
            (nil, "null"),
            (true, "true"),
            (.integer(.min), "-9223372036854775808"),
            (.number(1), "1.0"),
            (.number(-0.0), "-0.0"),
            (.number(0.1), "0.1"),
            (.number(1e300), "1e+300"),
            (.number(.leastNonzeroMagnitude), "5e-324"),
            (.number(.greatestFiniteMagnitude), "1.7976931348623157e+308"),
            ("\"\\/\u{8}\t\n\u{c}\r\u{1}\u{1f}\u{7f}é😀", "\"\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\\u001f\u{7f}é😀\""),
            ([], "[]"),
            ([:], "{}"),
            (["z": 1, "a": [1, [], ["k": nil]]], "{\"z\":1,\"a\":[1,[],{\"k\":null}]}"),
        ] as [(JSON, String)])
    func compact(value: JSON, text: String) throws {
        #expect(try value.text() == text)
        #expect(try JSON(parsing: text) == value)
    }

    @Test func pretty() throws {
        let value: JSON = ["a": 1, "b": [true, [:]], "c": []]
        let text = """
            {
              "a": 1,
              "b": [
                true,
                {}
              ],
              "c": []
            }
            """
        #expect(try value.text(.pretty) == text)
        #expect(try JSON(parsing: text) == value)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func refusesWhatJSONCannotHold(value: Double) {
        #expect(throws: JSONNotFiniteError()) { try (["a": [.number(value)]] as JSON).serialized() }
    }

    @Test func doublesReadBackAsThemselves() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<10_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            let parsed = try #require(try JSON(parsing: try JSON.number(value).serialized()).doubleValue)
            #expect(parsed.bitPattern == value.bitPattern)
        }
    }
}

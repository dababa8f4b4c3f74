import JSON
import Testing

struct JSONObjectTests {
    @Test func keepsOrderAndReplacesInPlace() throws {
        var object = JSON.Object()
        object["b"] = 1
        object["a"] = 2
        object["b"] = 3
        #expect(try JSON.object(object).text() == "{\"b\":3,\"a\":2}")
        object["b"] = nil
        object["c"] = nil
        object["n"] = .some(.null)
        #expect(try JSON.object(object).text() == "{\"a\":2,\"n\":null}")
        #expect(object["n"] == .null)
        #expect(object["b"] == nil)
    }

    @Test func orderIsPartOfTheValue() {
        #expect((["a": 1, "b": 2] as JSON) != ["b": 2, "a": 1])
    }

    @Test func accessorsAnswerOnlyForTheirKind() {
        let values: [JSON] = [.null, true, 1, 1.5, "s", [1], ["a": 1]]
        #expect(values.map(\.boolValue) == [nil, true, nil, nil, nil, nil, nil])
        #expect(values.map(\.integerValue) == [nil, nil, 1, nil, nil, nil, nil])
        #expect(values.map(\.doubleValue) == [nil, nil, 1, 1.5, nil, nil, nil])
        #expect(values.map(\.stringValue) == [nil, nil, nil, nil, "s", nil, nil])
        #expect(values.map(\.arrayValue) == [nil, nil, nil, nil, nil, [1], nil])
        #expect(values.map { $0.objectValue?["a"] } == [nil, nil, nil, nil, nil, nil, 1])
    }
}

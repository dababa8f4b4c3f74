import Testing

@testable import Publishing

struct TopicTemplateTests {
    @Test(arguments: [
        ("apus/{device}/readings", "apus/d1/readings"), ("{device}", "d1"), ("x", "x"), ("/", "/"),
        ("homes/{device}/{sensor}/{quantity}", "homes/d1/tmp/temperature"), ("{sensor}{sensor}-ä", "tmptmp-ä"),
    ])
    func fillsIn(_ text: String, _ topic: String) throws {
        #expect(try TopicTemplate(text).topic(device: "d1", sensor: "tmp", quantity: "temperature") == topic)
    }

    @Test(arguments: [
        ("apus/+/x", "+ and # are for those who subscribe"), ("#", "+ and # are for those who subscribe"),
        ("$SYS/x", "topics with $ belong to the broker"), ("a/{device", "a { has no }"), ("a}", "a } has no {"),
        ("{device}}", "a } has no {"), ("{}", "there is {device}, {sensor} and {quantity}, but no {}"),
        ("{Device}", "there is {device}, {sensor} and {quantity}, but no {Device}"),
        ("{{device}}", "there is {device}, {sensor} and {quantity}, but no {{device}"),
        ("a\u{0}", "it has a control character"), ("a\n", "it has a control character"),
    ])
    func refusesWithTheReason(_ text: String, _ problem: String) {
        #expect(throws: TopicTemplate.Invalid(text: text, problem: problem)) { try TopicTemplate(text) }
    }

    @Test(arguments: ["", String(repeating: "a", count: 1025)]) func refusesNoneAndHuge(_ text: String) {
        let error = #expect(throws: TopicTemplate.Invalid.self) { try TopicTemplate(text) }
        #expect(error?.problem == "it must have 1 to 1024 bytes")
    }

    @Test func namesCannotLeaveTheirLevel() throws {
        let template = try TopicTemplate("a/{sensor}/b")
        #expect(template.topic(device: "d", sensor: "x/+/#\u{0}y ü") == "a/x_____y___/b")
    }
}

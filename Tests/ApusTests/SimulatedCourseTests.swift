import Testing

@testable import Apus

struct SimulatedCourseTests {
    @Test func goesAsItIsTold() {
        var course = SimulatedCourse(initial: 20, range: -50...100)
        course.append(.ramp(to: 40, over: .seconds(10)), at: .seconds(10))
        course.append(.ramp(to: 0, over: .seconds(10)), at: .seconds(15))
        course.append(.sine(middle: 10, amplitude: 2, period: .seconds(4)), at: .seconds(30))
        course.append(.constant(7), at: .seconds(40))
        let expected: [(Double, Double, Bool)] = [
            (0, 20, false), (9.999, 20, false), (10, 20, true), (12.5, 25, true),
            // The second one begins where the first had come to.
            (15, 30, true), (20, 15, true), (25, 0, false), (29, 0, false),
            (30, 10, true), (31, 12, true), (33, 8, true), (34, 10, true), (40, 7, false), (1e6, 7, false),
        ]
        for (seconds, value, isChanging) in expected {
            let moment = Duration.milliseconds(Int64(seconds * 1000))
            #expect(abs(course.value(at: moment) - value) < 1e-9, "at \(seconds) s")
            #expect(course.isChanging(at: moment) == isChanging, "at \(seconds) s")
        }
    }

    @Test func isCutAtItsRange() {
        var course = SimulatedCourse(initial: 0, range: -1...1)
        course.append(.sine(middle: 0, amplitude: 5, period: .seconds(4)), at: .zero)
        #expect(course.value(at: .seconds(1)) == 1)
        #expect(course.value(at: .seconds(3)) == -1)
    }

    @Test func aRampOfNoTimeIsAJump() {
        var course = SimulatedCourse(initial: 0, range: 0...10)
        course.append(.ramp(to: 5, over: .zero), at: .seconds(1))
        #expect(course.value(at: .seconds(1)) == 5)
        #expect(!course.isChanging(at: .seconds(1)))
    }
}

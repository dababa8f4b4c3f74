import Testing

@testable import Sensors

struct ShapingTests {
    /// What becomes of a series of numbers, one a second; nil for what does not pass.
    private func shape(_ numbers: [Double], _ steps: Shaping.Step...) -> [Double?] {
        var shaper = Shaper(Shaping(steps: steps))
        return numbers.enumerated().map { second, number in
            let result = shaper.shape(Measurement(.temperature, .number(number)), at: .seconds(second))
            guard case .passed(let measurement) = result, case .number(let number) = measurement.value else {
                return nil
            }
            return number
        }
    }

    @Test func withoutStepsNothingChanges() {
        #expect(shape([1, -2, 0]) == [1, -2, 0])
    }

    @Test func whatIsNotFiniteNeverPasses() {
        let odd: [Double] = [.nan, .infinity, -.infinity]
        #expect(shape(odd) == [nil, nil, nil])
        #expect(shape(odd, .calibrate(offset: 1)) == [nil, nil, nil])
        #expect(shape(odd, .limits(-.infinity ... .infinity)) == [nil, nil, nil])
        #expect(shape(odd + [1], .median(3), .onChange(atLeastEvery: nil)) == [nil, nil, nil, 1])
        #expect(shape([1e308, 2], .calibrate(gain: 10)) == [nil, 20], "what a step makes of it counts")
        #expect(shape([1], .calibrate(gain: .nan)) == [nil])
        var shaper = Shaper(Shaping(.calibrate(gain: 10, of: .humidity)))
        #expect(shaper.shape(Measurement(.temperature, .number(.nan)), at: .zero) == .rejected)
    }

    @Test func calibrationIsAGainAndThenAnOffset() {
        #expect(shape([0, 10, -10], .calibrate(offset: -1, gain: 2)) == [-1, 19, -21])
        #expect(shape([0, 10], .calibrate(offset: 0.5)) == [0.5, 10.5])
    }

    @Test func aTableIsFollowedInStraightLines() {
        let table: [(measured: Double, true: Double)] = [(100, 98), (0, 1), (50, 50)]
        #expect(shape([0, 50, 100, 25, 75], .table(table)) == [1, 50, 98, 25.5, 74])
        let beyond = shape([-50, 150], .table(table))
        #expect(beyond == [-48, 146])
        #expect(shape([3], .table([])) == [3])
        #expect(shape([3], .table([(10, 11)])) == [4])
        // A pair that contradicts another, and one that is none.
        #expect(shape([0, 5, 10], .table([(0, 0), (0, 7), (.nan, 1), (10, 20)])) == [0, 10, 20])
    }

    @Test func conversionChangesTheQuantityForTheStepsBehindIt() {
        let hectopascals = Quantity("pressure", unit: "hPa")
        var shaper = Shaper(
            Shaping(
                .limits(30_000...110_000, of: .pressure), .convert(to: hectopascals, gain: 0.01, of: .pressure),
                .limits(300...1100, of: hectopascals), .limits(0...1, of: .pressure)))
        let result = shaper.shape(Measurement(.pressure, .number(101_325), at: 7), at: .zero)
        #expect(result == .passed(Measurement(hectopascals, .number(1013.25), at: 7)))
    }

    @Test func whatCannotBeIsRejected() {
        #expect(shape([-40, 85, -40.1, 85.1, 20], .limits(-40...85)) == [-40, 85, nil, nil, 20])
    }

    @Test func tooManyThatCannotBeAreAFailure() {
        var shaper = Shaper(Shaping(.limits(0...1, tolerating: 2)))
        func result(_ number: Double) -> Shaper.Result {
            shaper.shape(Measurement(.count, .number(number)), at: .zero)
        }
        #expect(result(2) == .rejected)
        #expect(result(2) == .rejected)
        #expect(result(1) == .passed(Measurement(.count, .number(1))), "the row ends")
        #expect(result(2) == .rejected)
        #expect(result(3) == .rejected)
        #expect(result(4) == .failed(quantity: .count, value: 4, times: 3))
    }

    @Test func theMedianRemovesOutliers() {
        #expect(shape([1, 100, 2, 3, -100, 4], .median(3)) == [1, 50.5, 2, 3, 2, 3])
        #expect(shape([1, 2], .median(1)) == [1, 2])
        #expect(shape([1, 2], .median(.min)) == [1, 2])
        #expect(
            shape([.greatestFiniteMagnitude, .greatestFiniteMagnitude], .median(2)).last == .greatestFiniteMagnitude)
    }

    @Test func theAverageIsThatOfTheLastValues() {
        #expect(shape([1, 2, 3, 6, 9], .average(3)) == [1, 1.5, 2, 11.0 / 3, 6])
        #expect(shape([5], .average(.max)) == [5])
    }

    @Test func whatIsHardlyNewIsHeldBack() {
        #expect(
            shape([1, 1.05, 1.1, 1.2, 1.15, 0.9], .onChange(by: 0.125, atLeastEvery: nil))
                == [1, nil, nil, 1.2, nil, 0.9])
        #expect(
            shape([1, 1.125, 1.25], .onChange(by: 0.125, atLeastEvery: nil)) == [1, 1.125, 1.25], "the edge is new")
        #expect(shape([1, 1, 2, 2, 1], .onChange(atLeastEvery: nil)) == [1, nil, 2, nil, 1])
        #expect(
            shape([1, 1, 1, 1, 1, 1.01, 1], .onChange(by: 0.5, atLeastEvery: .seconds(3)))
                == [1, nil, nil, 1, nil, nil, 1], "the longest interval is from what passed last")
        #expect(shape([1, 2], .onChange(by: .nan, atLeastEvery: nil)) == [1, nil])
    }

    @Test func truthValuesAreHeldBackTooAndOtherwiseLeftAlone() {
        var shaper = Shaper(
            Shaping(.calibrate(gain: 0), .limits(5...6), .median(3), .onChange(by: 10, atLeastEvery: .seconds(10))))
        func passes(_ value: Bool, _ second: Int) -> Bool {
            shaper.shape(Measurement(.level, .bool(value)), at: .seconds(second)) != .heldBack
        }
        #expect(
            [passes(true, 0), passes(true, 1), passes(false, 2), passes(false, 11), passes(false, 12)] == [
                true, false, true, false, true,
            ])
    }

    @Test func everyQuantityGoesItsOwnWay() {
        var shaper = Shaper(
            Shaping(.calibrate(offset: 1, of: .temperature), .onChange(atLeastEvery: nil), .average(2, of: .humidity)))
        func result(_ quantity: Quantity, _ number: Double) -> Shaper.Result {
            shaper.shape(Measurement(quantity, .number(number)), at: .zero)
        }
        #expect(result(.temperature, 1) == .passed(Measurement(.temperature, .number(2))))
        #expect(result(.humidity, 2) == .passed(Measurement(.humidity, .number(2))))
        #expect(result(.temperature, 1) == .heldBack)
        #expect(result(.humidity, 4) == .passed(Measurement(.humidity, .number(3))))
        #expect(result(.temperature, 2) == .passed(Measurement(.temperature, .number(3))))
    }

    @Test func theExampleOfTheGuide() {
        let shaped = shape(
            [20, 20, 85, 20.05, 20.1, 20.5, 300, 21, 21],
            .calibrate(offset: -0.5), .limits(-40...80), .median(3), .onChange(by: 0.25, atLeastEvery: .seconds(60)))
        #expect(shaped == [19.5, nil, nil, nil, nil, nil, nil, 20, 20.5])
    }
}

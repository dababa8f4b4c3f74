/// What happens to a sensor's measurements before they become readings: steps, in their order.
///
/// ```swift
/// Sensor(BME280(on: bus), every: .seconds(5), shaping: Shaping(
///     .calibrate(offset: -0.4, of: .temperature), .limits(-40...85, of: .temperature), .median(5),
///     .onChange(by: 0.1, atLeastEvery: .seconds(60), of: .temperature)), into: mailbox)
/// ```
/// A step is for one quantity or for all; every quantity goes its own way. What the steps remember begins anew with
/// every start of the sensor: what it said before it failed is no measure for what it says now.
///
/// Numbers that are not finite never pass. Truth values pass all steps untouched but ``Step/onChange(by:atLeastEvery:of:)``.
public struct Shaping: Sendable {
    /// One thing that is done to a measurement.
    public struct Step: Sendable {
        enum Kind: Sendable {
            case calibrate(offset: Double, gain: Double)
            case table(CalibrationTable)
            case convert(to: Quantity, gain: Double, offset: Double)
            case limits(ClosedRange<Double>, tolerating: Int)
            case median(Int)
            case average(Int)
            case onChange(by: Double, atLeastEvery: Duration?)
        }

        let kind: Kind
        /// Nil for all.
        let quantity: Quantity?
    }

    let steps: [Step]

    public init(_ steps: Step...) {
        self.steps = steps
    }

    /// Steps that were put together by the program.
    public init(steps: [Step]) {
        self.steps = steps
    }

    /// Measurements become readings as they are.
    public static let none = Shaping()
}

extension Shaping.Step {
    /// Corrects a value: `value * gain + offset`.
    /// - Parameter quantity: what is meant; nil for all. So in all steps; it is what the quantity is at this step.
    public static func calibrate(offset: Double = 0, gain: Double = 1, of quantity: Quantity? = nil) -> Self {
        Self(kind: .calibrate(offset: offset, gain: gain), quantity: quantity)
    }

    /// Corrects a value by a table of pairs of what the sensor says and what is true. Between two pairs, and beyond the
    /// ends, it follows a straight line.
    public static func table(_ pairs: [(measured: Double, true: Double)], of quantity: Quantity? = nil) -> Self {
        Self(kind: .table(CalibrationTable(pairs)), quantity: quantity)
    }

    /// Makes it another quantity or unit: `value * gain + offset`.
    public static func convert(
        to result: Quantity, gain: Double = 1, offset: Double = 0, of quantity: Quantity? = nil
    ) -> Self {
        Self(kind: .convert(to: result, gain: gain, offset: offset), quantity: quantity)
    }

    /// Rejects what cannot be. Rejected values are counted (``Sensor/statistics``) and not sent.
    /// - Parameters:
    ///   - range: what can be.
    ///   - tolerating: so many rejected values in a row are noise; one more is a sensor that has failed, with
    ///     ``SensorError/implausible(sensor:quantity:value:times:)``, and is started again.
    public static func limits(
        _ range: ClosedRange<Double>, tolerating: Int = 9, of quantity: Quantity? = nil
    ) -> Self {
        Self(kind: .limits(range, tolerating: max(tolerating, 0)), quantity: quantity)
    }

    /// Takes the one in the middle of the last values, which removes single outliers.
    /// - Parameter count: how many, 1 to ``maximumCount``; cut to that. At first there are fewer.
    public static func median(_ count: Int, of quantity: Quantity? = nil) -> Self {
        Self(kind: .median(clamped(count)), quantity: quantity)
    }

    /// Takes the mean of the last values.
    /// - Parameter count: how many, 1 to ``maximumCount``; cut to that. At first there are fewer.
    public static func average(_ count: Int, of quantity: Quantity? = nil) -> Self {
        Self(kind: .average(clamped(count)), quantity: quantity)
    }

    /// Holds back what is hardly new.
    /// - Parameters:
    ///   - difference: the dead band: a number passes when it is at least so far from the last that has passed; 0 for
    ///     any change at all.
    ///   - interval: the first value after so long passes in any case, so that a receiver can tell a quiet sensor from a
    ///     dead one; nil for never.
    public static func onChange(
        by difference: Double = 0, atLeastEvery interval: Duration?, of quantity: Quantity? = nil
    ) -> Self {
        Self(kind: .onChange(by: difference, atLeastEvery: interval), quantity: quantity)
    }

    /// The most values that ``median(_:of:)`` and ``average(_:of:)`` look back to: each costs 8 bytes, and time in every
    /// sample.
    public static let maximumCount = 1024

    private static func clamped(_ count: Int) -> Int { min(max(count, 1), maximumCount) }
}

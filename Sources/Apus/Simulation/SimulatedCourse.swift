// For a developer's machine only.
#if !APUS_DEVICE
internal import Glibc

/// How a value goes through time.
struct SimulatedCourse: Sendable {
    enum Shape: Sendable, Hashable {
        case constant(Double)
        /// In a straight line from the value before.
        case ramp(to: Double, over: Duration)
        /// Begins in the middle, upwards.
        case sine(middle: Double, amplitude: Double, period: Duration)
    }

    private struct Piece {
        let start: Duration
        let shape: Shape
        /// The value before it.
        let first: Double
    }

    private let initial: Double
    private let range: ClosedRange<Double>
    private var pieces: [Piece] = []

    /// - Parameters:
    ///   - initial: the value before anything is said.
    ///   - range: where values beyond are cut.
    init(initial: Double, range: ClosedRange<Double>) {
        self.initial = initial
        self.range = range
    }

    /// From `start` on the value goes so. Call in the order of time.
    mutating func append(_ shape: Shape, at start: Duration) {
        pieces.append(Piece(start: start, shape: shape, first: value(at: start)))
    }

    func value(at moment: Duration) -> Double {
        guard let piece = pieces.last(where: { $0.start <= moment }) else { return initial }
        let elapsed = moment - piece.start
        let value: Double
        switch piece.shape {
        case .constant(let constant): value = constant
        case .ramp(let end, let duration):
            value = elapsed >= duration ? end : piece.first + (end - piece.first) * (elapsed / duration)
        case .sine(let middle, let amplitude, let period):
            value = middle + amplitude * sin(2 * .pi * (elapsed / period))
        }
        return min(max(value, range.lowerBound), range.upperBound)
    }

    /// Whether it goes on changing by itself after a moment.
    func isChanging(at moment: Duration) -> Bool {
        switch pieces.last(where: { $0.start <= moment }) {
        case let piece?:
            switch piece.shape {
            case .constant: false
            case .ramp(_, let duration): moment - piece.start < duration
            case .sine: true
            }
        case nil: false
        }
    }
}
#endif

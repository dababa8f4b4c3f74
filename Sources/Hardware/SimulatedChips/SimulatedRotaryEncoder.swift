internal import Threads

/// A rotary encoder on two lines of a simulated GPIO chip. Turned up, its contact A changes before B.
public final class SimulatedRotaryEncoder: Sendable {
    private let chip: SimulatedGPIO
    private let a: Int
    private let b: Int
    private let position = Lock(0)

    /// - Parameters:
    ///   - a: the line of the contact A.
    ///   - b: the line of the contact B.
    /// - Throws: ``GPIOError/noSuchLine(chip:offset:lines:)``.
    public init(on chip: SimulatedGPIO, a: Int, b: Int) throws(GPIOError) {
        // Both contacts open.
        try chip.drive(a, high: true)
        try chip.drive(b, high: true)
        self.chip = chip
        self.a = a
        self.b = b
    }

    /// Turns it there, one step after the other.
    /// - Parameter steps: counted from where it stood at first; four are a period.
    public func turn(to steps: Int) {
        position.withLock { position in
            while position != steps {
                position += position < steps ? 1 : -1
                // The chip has both lines, as the initializer found. Of the four states the first is both open.
                try? chip.drive(a, high: position & 3 == 0 || position & 3 == 3)
                try? chip.drive(b, high: position & 3 < 2)
            }
        }
    }
}

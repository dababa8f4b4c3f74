public import Hardware

/// A GPIO line by name, not yet requested: who opens it becomes its only user.
public struct GPIOPin: Sendable {
    private enum Chip: Sendable {
        case linux(label: String)
        case simulated(SimulatedGPIO)
    }

    /// Such as "GPIO17".
    public let name: String

    private let chip: Chip
    private let offset: Int

    /// - Parameters:
    ///   - name: what the app calls the line.
    ///   - chipLabel: the label of the kernel's GPIO chip, for example `pinctrl-bcm2711`.
    ///   - offset: the line's number in the chip.
    public init(_ name: String, chipLabel: String, offset: Int) {
        self.name = name
        chip = .linux(label: chipLabel)
        self.offset = offset
    }

    public init(_ name: String, simulated: SimulatedGPIO, offset: Int) {
        self.name = name
        chip = .simulated(simulated)
        self.offset = offset
    }

    /// - Throws: what `InputLine` throws when the chip or the line is absent or in use.
    public func openInput(bias: LineBias, edges: EdgeDetection) throws -> InputLine {
        switch chip {
        case .linux(let label): try InputLine(chipLabel: label, offset: offset, bias: bias, edges: edges)
        case .simulated(let chip): try InputLine(simulated: chip, offset: offset, bias: bias, edges: edges)
        }
    }

    /// - Throws: what `OutputLine` throws when the chip or the line is absent or in use.
    public func openOutput(initial: Bool) throws -> OutputLine {
        switch chip {
        case .linux(let label): try OutputLine(chipLabel: label, offset: offset, initial: initial)
        case .simulated(let chip): try OutputLine(simulated: chip, offset: offset, initial: initial)
        }
    }
}

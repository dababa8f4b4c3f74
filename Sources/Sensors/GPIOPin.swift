public import Hardware

/// A GPIO line by name, not yet requested: who opens it becomes its only user.
public struct GPIOPin: Sendable {
    package enum Chip: Sendable {
        /// A chip of the kernel's, by its label.
        case linux(label: String)
        case simulated(SimulatedGPIO)
        /// No chip, for the reason given: opening the pin throws it.
        case absent(any Error)
    }

    /// Such as "GPIO17".
    public let name: String

    private let chip: Chip
    private let offset: Int

    package init(_ name: String, chip: Chip, offset: Int) {
        self.name = name
        self.chip = chip
        self.offset = offset
    }

    /// A line of a chip that is not the board's own, such as a port expander.
    ///
    /// - Parameters:
    ///   - name: what the app calls the line.
    ///   - chipLabel: the label of the kernel's GPIO chip, for example `pinctrl-bcm2711`.
    ///   - offset: the line's number in the chip.
    public init(_ name: String, chipLabel: String, offset: Int) {
        self.init(name, chip: .linux(label: chipLabel), offset: offset)
    }

    /// - Parameters:
    ///   - name: what the app calls the line.
    ///   - simulated: the chip the line is of.
    ///   - offset: the line's number in the chip.
    public init(_ name: String, simulated: SimulatedGPIO, offset: Int) {
        self.init(name, chip: .simulated(simulated), offset: offset)
    }

    /// - Throws: what `InputLine` throws when the chip or the line is absent or in use.
    public func openInput(bias: LineBias, edges: EdgeDetection) throws -> InputLine {
        switch chip {
        case .linux(let label): try InputLine(chipLabel: label, offset: offset, bias: bias, edges: edges)
        case .simulated(let chip): try InputLine(simulated: chip, offset: offset, bias: bias, edges: edges)
        case .absent(let reason): throw reason
        }
    }

    /// - Throws: what `OutputLine` throws when the chip or the line is absent or in use.
    public func openOutput(initial: Bool) throws -> OutputLine {
        switch chip {
        case .linux(let label): try OutputLine(chipLabel: label, offset: offset, initial: initial)
        case .simulated(let chip): try OutputLine(simulated: chip, offset: offset, initial: initial)
        case .absent(let reason): throw reason
        }
    }
}

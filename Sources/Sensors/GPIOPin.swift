public import Hardware

/// A GPIO line by name, not yet requested: who opens it becomes its only user.
public struct GPIOPin: Sendable {
    /// Such as "GPIO17".
    public let name: String

    let find: @Sendable () throws -> (chip: GPIOChip, offset: Int)

    /// - Parameter find: which line the name means; asked whenever the pin is opened.
    package init(_ name: String, find: @escaping @Sendable () throws -> (chip: GPIOChip, offset: Int)) {
        self.name = name
        self.find = find
    }

    /// A line of a chip that is not the board's own, such as a port expander, or of a simulated one.
    ///
    /// - Parameters:
    ///   - name: what the app calls the line.
    ///   - chip: for example `.labelled("pinctrl-bcm2711")`.
    ///   - offset: the line's number in the chip.
    public init(_ name: String, on chip: GPIOChip, offset: Int) {
        self.init(name) { (chip, offset) }
    }

    /// - Parameters:
    ///   - name: what the app calls the line.
    ///   - chipLabel: the label of the kernel's GPIO chip, for example `pinctrl-bcm2711`.
    ///   - offset: the line's number in the chip.
    public init(_ name: String, chipLabel: String, offset: Int) {
        self.init(name, on: .labelled(chipLabel), offset: offset)
    }

    /// - Parameters:
    ///   - name: what the app calls the line.
    ///   - simulated: the chip the line is of.
    ///   - offset: the line's number in the chip.
    public init(_ name: String, simulated: SimulatedGPIO, offset: Int) {
        self.init(name, on: .simulated(simulated), offset: offset)
    }

    /// - Throws: what `InputLine` throws when the chip or the line is absent or in use.
    public func openInput(_ options: InputOptions) throws -> InputLine {
        let (chip, offset) = try find()
        return try InputLine(on: chip, offset: offset, options)
    }

    /// - Throws: what `InputLine` throws when the chip or the line is absent or in use.
    public func openInput(bias: LineBias, edges: EdgeDetection) throws -> InputLine {
        try openInput(InputOptions(bias: bias, edges: edges, consumer: name))
    }

    /// - Parameter initial: whether the line is high from the first moment on.
    /// - Throws: what `OutputLine` throws when the chip or the line is absent or in use.
    public func openOutput(initial: Bool, _ options: OutputOptions) throws -> OutputLine {
        let (chip, offset) = try find()
        return try OutputLine(on: chip, offset: offset, initial: initial, options)
    }

    /// - Throws: what `OutputLine` throws when the chip or the line is absent or in use.
    public func openOutput(initial: Bool) throws -> OutputLine {
        try openOutput(initial: initial, OutputOptions(consumer: name))
    }
}

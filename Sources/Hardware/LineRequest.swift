/// One line held by this process: what ``InputLine`` and ``OutputLine`` need of the kernel or of its simulation.
protocol LineRequest: Sendable {
    func level() throws(GPIOError) -> Bool
    func setLevel(_ high: Bool) throws(GPIOError)
    /// Gives the line back and ends its events; when this returns, the line is free. Later calls do nothing.
    func release()
}

/// What a line is requested as.
enum LineMode: Sendable {
    case input(LineBias, EdgeDetection, EdgeEventStream.Continuation)
    case output(initial: Bool)
}

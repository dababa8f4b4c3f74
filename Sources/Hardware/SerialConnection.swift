/// An open serial line: what ``SerialPort`` needs of the kernel or of its simulation.
protocol SerialConnection: Sendable {
    /// Returns when the line has taken all bytes.
    func write(_ bytes: [UInt8], within limit: Duration) async throws(SerialError)
    /// Errors of the line since it was opened, added to the statistics.
    func countErrors(in statistics: inout SerialStatistics)
    /// Ends the frames; when this returns, the port is free. Later calls do nothing.
    func close()
}

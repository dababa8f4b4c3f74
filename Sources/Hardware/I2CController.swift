/// What ``I2CBus`` needs of the hardware or of its simulation.
protocol I2CController: Sendable {
    /// One transaction: a write message unless `bytes` is empty, then a read message unless `count` is 0.
    ///
    /// Lengths are already checked. May block: called on the bus's own thread only.
    func transfer(
        writing bytes: [UInt8], thenReading count: Int, address: I2CAddress, bus: String
    ) throws(I2CError) -> [UInt8]
}

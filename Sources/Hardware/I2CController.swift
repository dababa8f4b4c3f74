/// What ``I2CBus`` needs of the hardware or of its simulation.
package protocol I2CController: Sendable {
    /// One transaction with a device, the parts joined by repeated starts.
    ///
    /// Lengths are already checked. May block: called on the bus's own thread only.
    /// - Returns: the bytes of all reads, one behind the other. Fewer when the device or the adapter stopped before the
    ///   end; of those there are, only the simulation does so (``SimulatedI2C/Fault/shortRead(_:)``).
    func transfer(_ messages: [I2CMessage], with address: I2CAddress, bus: String) throws(I2CError) -> [UInt8]

    /// Whether a driver of the kernel has taken the address.
    func isTakenByKernel(_ address: I2CAddress) -> Bool
}

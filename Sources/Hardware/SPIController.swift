/// What ``SPIDevice`` needs of the hardware or of its simulation.
protocol SPIController: Sendable {
    /// One transaction: what came back for each message. Lengths are already checked. May block: called on the
    /// controller's own thread only.
    func transfer(_ messages: [SPIMessage], device: String) throws(SPIError) -> [[UInt8]]
}

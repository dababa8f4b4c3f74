extension I2CChip {
    /// A chip that no longer has what it was told at the start.
    ///
    /// Power that is away between two samples is seen by nobody: the chip answers as before, but from its state at
    /// power-up.
    func lostPower(_ what: String) -> SensorError {
        fault(what, hint: "it may have lost power; the next start configures it anew")
    }
}

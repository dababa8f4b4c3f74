public import Hardware

/// The kernel's own devices: what drivers of the kernel measure, the 1-Wire bus, LEDs and PWM.
///
/// The tree itself is always there; what is missing in it fails the driver that needs it.
public struct SysfsPort: Sendable {
    private let make: @Sendable (String) throws -> Sysfs

    /// - Parameter root: where sysfs is mounted.
    public init(root: String = "/sys") {
        make = { try Sysfs(root: root, thread: $0) }
    }

    /// - Parameter simulated: the tree.
    public init(simulated: SimulatedSysfs) {
        make = { try Sysfs(simulated: simulated, thread: $0) }
    }

    /// - Parameter thread: those with the same name wait for each other's reads.
    /// - Throws: why its thread cannot be started.
    public func open(thread: String = "sysfs") throws -> Sysfs {
        try make(thread)
    }
}

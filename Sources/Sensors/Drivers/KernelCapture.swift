public import Hardware

/// What the kernel collects of a device of Industrial I/O that measures by itself, as its trigger or its own clock says:
/// faster and more evenly than ``KernelSensorDriver`` asks for it.
///
/// Its quantities are called as that one's. Every scan becomes measurements: with more than some tens a second let a
/// ``Shaping`` thin them out.
public struct KernelCapture: EventDriver {
    /// The device while it measures.
    public struct Device: Sendable {
        let capture: IIOCapture
        let quantities: [Quantity]
    }

    public let id: String
    private let name: String
    private let device: String?
    private let kinds: Set<KernelSensor.Kind>
    private let trigger: String?
    private let port: SysfsPort
    private let nodes: String

    /// - Parameters:
    ///   - name: what the kernel's driver calls the device: the content of the file `name`.
    ///   - device: which of several with the name, such as `1-0053`; nil for the first.
    ///   - kinds: what to measure of it.
    ///   - trigger: the name of what starts every scan; nil for the device's own clock or the trigger that is set.
    ///   - port: the kernel's devices.
    ///   - nodes: the folder of the device nodes.
    public init(
        _ name: String, at device: String? = nil, kinds: Set<KernelSensor.Kind> = Set(KernelSensor.Kind.allCases),
        trigger: String? = nil, on port: SysfsPort = SysfsPort(), nodes: String = "/dev"
    ) {
        id = "capture-\(name)" + (device.map { "-\($0)" } ?? "")
        self.name = name
        self.device = device
        self.kinds = kinds
        self.trigger = trigger
        self.port = port
        self.nodes = nodes
    }

    /// - Throws: `SysfsError`, or why a thread cannot be started.
    public func open() async throws -> Device {
        let capture = try await IIOCapture(
            name, at: device, kinds: kinds, trigger: trigger, on: try port.open(thread: id), devices: nodes)
        return Device(capture: capture, quantities: KernelSensorDriver.quantities(capture.channels))
    }

    /// Returns when the task is cancelled.
    /// - Throws: `SysfsError` when the device is gone.
    public func run(
        _ device: Device, report: @escaping @Sendable (Measurement) async throws -> Void
    ) async throws {
        do {
            for try await scan in device.capture.scans {
                for (quantity, value) in zip(device.quantities, scan.values) {
                    try await report(Measurement(quantity, .number(value), at: scan.time))
                }
            }
        } catch {
            await device.capture.stop()
            throw error
        }
        // The next start finds the device free.
        await device.capture.stop()
    }
}

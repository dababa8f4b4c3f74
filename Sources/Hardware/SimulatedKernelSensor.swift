/// A sensor that a driver of the kernel reads, in a simulated tree.
package struct SimulatedKernelSensor: Sendable {
    /// The kernel's two ways to offer sensors.
    package enum Subsystem: String, Sendable, Hashable {
        case hwmon
        case iio
    }

    private let folder: String
    private let name: String
    private let device: String?
    private let channels: [(file: String, scale: Double, isInteger: Bool)]

    /// - Parameters:
    ///   - number: which of the subsystem's devices, each has its own.
    ///   - name: what its driver calls it, such as `tmp421`.
    ///   - device: the device it belongs to, such as `1-004c`; nil for none.
    ///   - channels: as the kernel names them, such as `temp1` of hwmon and `pressure` of IIO; of kinds known here.
    package init(_ subsystem: Subsystem, number: Int, name: String, device: String?, channels: [String]) {
        folder =
            switch subsystem {
            case .hwmon: "class/hwmon/hwmon\(number)"
            // Not a name of the kernel's: a capture would open the device node of this machine's own.
            case .iio: "bus/iio/devices/iio:simulated\(number)"
            }
        self.name = name
        self.device = device
        self.channels = channels.compactMap { Self.channel($0, subsystem) }
    }

    /// Whether a channel is of a kind known here.
    package static func knows(_ channel: String, of subsystem: Subsystem) -> Bool {
        self.channel(channel, subsystem) != nil
    }

    /// The file, and what makes a value in the unit of ``KernelSensor/Kind`` the file's content.
    private static func channel(
        _ channel: String, _ subsystem: Subsystem
    ) -> (file: String, scale: Double, isInteger: Bool)? {
        switch subsystem {
        case .hwmon:
            let file = "\(channel)_input"
            return KernelSensor.hwmonChannel(file, among: [file])
                .map { (file: file, scale: $0.divisor, isInteger: true) }
        case .iio:
            let file = "in_\(channel)_input"
            return IIOFile(file).map { (file: file, scale: $0.divisor / $0.factor, isInteger: false) }
        }
    }

    /// Lets it measure these values, one for each channel; it comes where it is not there.
    package func set(_ values: [Double], in tree: SimulatedSysfs) {
        for (channel, value) in zip(channels, values) {
            let raw = value * channel.scale
            // The latter also for what no integer of 64 bits can be.
            tree["\(folder)/\(channel.file)"] =
                channel.isInteger && abs(raw) < 1e18 ? "\(Int64(raw.rounded()))" : "\(raw)"
        }
        if let device {
            tree.link("\(folder)/device", to: device)
            // For who asks whether the kernel has the chip already.
            tree["bus/i2c/devices/\(device)/name"] = name
        }
        // Last: by it the sensor is found.
        tree["\(folder)/name"] = name
    }

    package func remove(from tree: SimulatedSysfs) {
        tree.remove(folder)
    }
}

/// A driver of something that is asked for its value, such as a chip on a bus.
public protocol PolledDriver: Sendable {
    /// What is open while the sensor runs, such as a bus.
    associatedtype Device: Sendable

    /// The sensor's id unless the app gives another, unique on the device.
    var id: String { get }

    /// Acquires what sampling needs, at every start of the sensor.
    func open() async throws -> Device

    /// Asks once. Whatever it throws ends the sensor, which its supervisor then starts again.
    func sample(_ device: Device) async throws -> [Measurement]
}

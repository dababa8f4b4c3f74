/// A driver of something that speaks by itself, such as a line with edges.
public protocol EventDriver: Sendable {
    /// What is open while the sensor runs, such as a line.
    associatedtype Device: Sendable

    /// The sensor's id unless the app gives another, unique on the device.
    var id: String { get }

    /// Acquires what ``run(_:report:)`` needs, at every start of the sensor.
    func open() async throws -> Device

    /// Reports measurements until the task is cancelled. When it throws or returns before, the sensor has ended and its
    /// supervisor starts it again.
    func run(_ device: Device, report: @escaping @Sendable (Measurement) async throws -> Void) async throws
}

import Apus

/// A fan behind a transistor, which turns the signal round.
enum Fan {
    static func childSpec(on kernel: SysfsPort) -> ChildSpec {
        // The controller's driver may be loaded after the app's start.
        ChildSpec("fan", backoff: Sensor.backoff) {
            let output = try await PWMOutput(
                channel: 1, of: "3f20c000.pwm", polarity: .inversed, on: try kernel.open(thread: "fan"))
            try await output.set(frequency: 50, duty: 0.075)
            return {
                while true { try await Task.sleep(for: .seconds(3600)) }
            }
        }
    }
}

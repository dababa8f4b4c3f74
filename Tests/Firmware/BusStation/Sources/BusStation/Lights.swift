import Apus

/// Sixteen LEDs of which the sixth is on: says the levels of their pins.
struct Lights: PolledDriver {
    let id = "lights"
    let chip: PCA9552

    func open() async throws -> PCA9552.LEDs {
        let leds = try await chip.open()
        for led in 0..<16 { try await leds.set(led, to: led == 5 ? .on : .off) }
        return leds
    }

    func sample(_ leds: PCA9552.LEDs) async throws -> [Measurement] {
        [Measurement(.level, .number(Double(try await leds.levels())))]
    }
}

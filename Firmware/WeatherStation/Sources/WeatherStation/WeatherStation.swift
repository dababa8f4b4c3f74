import Apus

/// Reads thermometers on the I2C bus and a button, blinks, and publishes.
@main
struct WeatherStation: FirmwareApp {
    func children(on board: Board) throws -> [ChildSpec] {
        let publisher = Publisher(to: .mqtt(board.mqtt), device: board.device)
        let i2c = board.i2c("i2c-1")
        let button = board.line(board.config["button.line"] ?? "GPIO17")
        let led = board.line(board.config["led.line"] ?? "GPIO27")

        // Further thermometers on the same bus, by configuration: sensor.extra=0x49,0x4a
        let addresses = [0x48] + (try board.config.addresses("sensor.extra"))
        let thermometers = addresses.map { address in
            Sensor(TMP102(on: i2c, address: address), every: .seconds(1), into: publisher.mailbox).childSpec
        }
        return [publisher.childSpec] + thermometers + [
            Sensor(Button(on: button), into: publisher.mailbox).childSpec,
            HeartbeatLED(on: led).childSpec,
        ]
    }
}

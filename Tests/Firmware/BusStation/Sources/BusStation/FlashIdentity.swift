import Apus

/// A memory on SPI that says who it is: manufacturer, type and size, a byte each (JEDEC JEP106, command 0x9F).
struct FlashIdentity: PolledDriver {
    let id = "flash"
    let port: SPIPort

    func open() throws -> SPIDevice { try port.open(SPISettings(speed: 1_000_000)) }

    func sample(_ device: SPIDevice) async throws -> [Measurement] {
        let answer = try await device.transfer([0x9F, 0, 0, 0])
        let identity = answer.dropFirst().reduce(0) { $0 << 8 | Int($1) }
        return [Measurement(Quantity("identity", unit: nil), .number(Double(identity)))]
    }
}

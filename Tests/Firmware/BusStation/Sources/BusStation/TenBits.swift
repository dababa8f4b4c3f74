import Apus

/// Reads from an address of 10 bits whose lower 7 are a thermometer's: says whether that was refused.
struct TenBits: PolledDriver {
    let id = "ten-bits"
    let port: I2CPort

    func open() throws -> I2CBus { try port.open() }

    func sample(_ bus: I2CBus) async throws -> [Measurement] {
        let address = try I2CAddress.tenBit(0x14A)
        var isRefused = false
        do throws(I2CError) {
            _ = try await bus.read(1, from: address)
        } catch {
            guard case .unsupported = error else { throw error }
            isRefused = true
        }
        return [Measurement(Quantity("refused", unit: nil), .bool(isRefused))]
    }
}

internal import Threads

/// An SHT3x or an SHT4x, which differ in their commands.
public final class SimulatedSHT: SimulatedI2CDevice {
    public enum Model: Sendable {
        case sht3x
        case sht4x
    }

    private struct State {
        var celsius: Double
        var humidity: Double
        var answer: [UInt8] = []
        var damage: UInt8 = 0
        /// Datasheet SHT3x-DIS, table 18: as it is after a reset.
        var status: UInt16 = 0x8010
    }

    private let model: Model
    private let state: Lock<State>

    /// - Parameters:
    ///   - celsius: -45 to 130.
    ///   - humidity: in percent.
    public init(_ model: Model, celsius: Double = 21, humidity: Double = 45) {
        self.model = model
        state = Lock(State(celsius: celsius, humidity: humidity))
    }

    public func set(celsius: Double, humidity: Double) {
        state.withLock { ($0.celsius, $0.humidity) = (celsius, humidity) }
    }

    /// Turns bits over in the last checksum of every answer, as noise on the wires does.
    public func damage(_ bits: UInt8) {
        state.withLock { $0.damage = bits }
    }

    /// - Parameter status: what an SHT3x says of itself; a reset does not change it.
    public func set(status: UInt16) {
        state.withLock { $0.status = status }
    }

    public func write(_ bytes: [UInt8]) {
        state.withLock { state in
            let words: [Double]
            switch (model, bytes) {
            case (.sht3x, [0x24, 0x00]):
                words = [(state.celsius + 45) / 175 * 65_535, state.humidity / 100 * 65_535]
            case (.sht3x, [0xF3, 0x2D]): words = [Double(state.status)]
            case (.sht4x, [0xFD]): words = [(state.celsius + 45) / 175 * 65_535, (state.humidity + 6) / 125 * 65_535]
            case (.sht4x, [0x89]): words = [0x1234, 0x5678]
            default: words = []
            }
            state.answer = words.flatMap { word in
                let bytes = UInt16(nearest: max(word, 0)).bigEndian(bytes: 2)
                return bytes + [CRC8.sensirion.checksum(bytes)]
            }
            if let last = state.answer.indices.last { state.answer[last] ^= state.damage }
        }
    }

    public func read(_ count: Int) -> [UInt8] {
        state.withLock { state in
            defer { state.answer = [] }
            return state.answer
        }
    }
}

import Synchronization
import Testing

@testable import Hardware

/// The SPI API on the simulated backend.
struct SPIDeviceTests {
    /// Answers each byte with its complement, and remembers its selections.
    private final class Inverter: SimulatedSPIDevice {
        let selections = Mutex<[[UInt8]]>([])
        func exchange(_ bytes: [UInt8]) -> [UInt8] {
            selections.withLock { $0.append(bytes) }
            return bytes.map { ~$0 }
        }
    }

    private let chip = Inverter()
    private let bus: SimulatedSPI
    private let device: SPIDevice

    init() throws {
        bus = SimulatedSPI(chip)
        device = try SPIDevice(
            simulated: bus, settings: SPISettings(mode: .mode1, speed: 1_000_000), name: "spi0.0")
    }

    @Test func asManyBytesComeBackAsGoOut() async throws {
        #expect(try await device.transfer([0x00, 0x0F, 0xFF]) == [0xFF, 0xF0, 0x00])
        #expect(bus.settings == SPISettings(mode: .mode1, speed: 1_000_000))
    }

    @Test func aHeldFaultLastsUntilItIsTakenAway() async throws {
        bus.hold(.stuckHigh)
        bus.script([.stuckLow])
        #expect(try await device.transfer([0x0F]) == [0x00])
        for _ in 1...3 { #expect(try await device.transfer([0x0F]) == [0xFF]) }
        bus.hold(nil)
        #expect(try await device.transfer([0x0F]) == [0xF0])
    }

    @Test func messagesAreOneSelectionUnlessAskedOtherwise() async throws {
        let answers = try await device.transfer([
            SPIMessage([1]), SPIMessage(reading: 2), SPIMessage([3], deselects: true), SPIMessage([4, 5]),
            SPIMessage([6], deselects: true),
        ])
        #expect(answers == [[0xFE], [0xFF, 0xFF], [0xFC], [0xFB, 0xFA], [0xF9]])
        #expect(chip.selections.withLock { $0 } == [[1, 0, 0, 3], [4, 5, 6]])
    }

    @Test func anAbsentChipReadsAsAnIdleLine() async throws {
        bus.detach()
        #expect(try await device.transfer([0, 0]) == [0xFF, 0xFF])
    }

    @Test func faultsComeInOrderAndPass() async throws {
        bus.script([.failed, .stuckLow, .stuckHigh])
        bus.script([.bitError(byte: 1, bit: 7), .bitError(byte: 9, bit: 0), .slow(.milliseconds(1))])
        let error = await #expect(throws: SPIError.self) { try await device.transfer([0, 0]) }
        #expect(error?.description == "the transfer with spi0.0 failed: Connection timed out")
        #expect(try await device.transfer([0, 0]) == [0x00, 0x00])
        #expect(try await device.transfer([1, 1]) == [0xFF, 0xFF])
        #expect(try await device.transfer([0, 0]) == [0xFF, 0x7F])
        #expect(try await device.transfer([0, 0]) == [0xFF, 0xFF], "there is no such byte")
        #expect(try await device.transfer([0, 0]) == [0xFF, 0xFF])
    }

    @Test func refusesWhatNoTransactionHas() async throws {
        for messages in [
            [], [SPIMessage([])], [SPIMessage([1]), SPIMessage([])],
            [SPIMessage([UInt8](repeating: 0, count: 4096)), SPIMessage([1])],
            [SPIMessage](repeating: SPIMessage([1]), count: 33),
            [SPIMessage([UInt8](repeating: 0, count: 3969)), SPIMessage([1])],
        ] {
            let bytes = messages.reduce(0) { $0 + $1.bytes.count }
            await #expect(throws: SPIError.invalidLength(device: "spi0.0", bytes: bytes, messages: messages.count)) {
                try await device.transfer(messages)
            }
        }
        #expect(chip.selections.withLock { $0.isEmpty })
        #expect(try await device.transfer([UInt8](repeating: 0, count: 4096)).count == 4096)
        // As spidev lays them out.
        #expect(try await device.transfer([SPIMessage](repeating: SPIMessage([1]), count: 32)).count == 32)
        let two = [SPIMessage([UInt8](repeating: 0, count: 3968)), SPIMessage([UInt8](repeating: 0, count: 128))]
        #expect(try await device.transfer(two).count == 2)
        #expect(SPIMessage(reading: -1).bytes.isEmpty)
    }

    @Test func theChipSelectsOfAControllerShareItsThread() throws {
        #expect(SPIDevice.controllerName("/dev/spidev0.1") == "spidev0")
        #expect(SPIDevice.controllerName("/dev/spidev10.0") == "spidev10")
        #expect(SPIDevice.controllerName("") == "")
        let first = try SharedThreads.executor(named: "spidev77")
        #expect(try SharedThreads.executor(named: "spidev77") === first)
        #expect(try SharedThreads.executor(named: "spidev78") !== first)
    }
}

/// What the kernel backend says on any machine. Its transfers are tried on the emulated Pi 3, which has a memory at
/// /dev/spidev0.0 (Tests/SystemTests/BusTests.swift).
struct LinuxSPITests {
    @Test func missingDeviceIsNamed() {
        let error = #expect(throws: SPIError.self) {
            try SPIDevice(path: "/dev/spidev9.9", settings: SPISettings(speed: 1_000_000))
        }
        #expect(
            error?.description == "cannot open the SPI device /dev/spidev9.9: "
                + "there is no such device; the bus may be disabled in the device tree, or spidev not bound")
    }

    @Test func anotherFileIsNoDevice() {
        #expect(throws: SPIError.noDevice(device: "/dev/null", reason: "it is not an SPI device")) {
            try SPIDevice(path: "/dev/null", settings: SPISettings(speed: 1_000_000))
        }
    }

    @Test(arguments: [
        (SPISettings(speed: 0), "0 Hz"), (SPISettings(speed: .max), "9223372036854775807 Hz"),
        (SPISettings(speed: -1), "-1 Hz"), (SPISettings(speed: 1, bitsPerWord: 0), "0 bits per word"),
        (SPISettings(speed: 1, bitsPerWord: 33), "33 bits per word"),
    ])
    func settingsNoDeviceHasAreRefused(settings: SPISettings, setting: String) {
        let error = #expect(throws: SPIError.self) { try SPIDevice(path: "/dev/null", settings: settings) }
        guard case .refused("/dev/null", setting, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

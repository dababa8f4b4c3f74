import Synchronization
import Testing

@testable import Hardware

/// Transactions of any shape, patience, and what is counted, on the simulated backend.
@Suite(.timeLimit(.minutes(10)))
struct I2CTransactionTests {
    private let simulated = SimulatedI2C()
    private let chip = SimulatedRegisterMap([0: [0x19, 0x80], 1: [0x60, 0xA0]])

    init() {
        simulated.attach(chip, at: 0x48)
    }

    private func bus(_ options: I2COptions = I2COptions()) throws -> I2CBus {
        try I2CBus(simulated: simulated, name: "i2c-1", options)
    }

    @Test func aTransactionHasAnyMessages() async throws {
        let bus = try bus()
        let answer = try await bus.transfer(
            [.write([1, 0x12, 0x34]), .write([0]), .read(2), .write([1]), .read(2)], with: 0x48)
        #expect(answer == [0x19, 0x80, 0x12, 0x34])
        #expect(try await bus.transfer([.write([0])], with: 0x48) == [])
    }

    @Test func impossibleTransactionsAreRefused() async throws {
        let bus = try bus()
        for count in [0, 43] {
            await #expect(throws: I2CError.invalidCount(bus: "i2c-1", address: 0x48, count: count)) {
                try await bus.transfer([I2CMessage](repeating: .read(1), count: count), with: 0x48)
            }
        }
        for message in [I2CMessage.write([]), .read(0), .read(-1), .read(8193), .read(.max)] {
            await #expect(throws: I2CError.self) { try await bus.transfer([.write([0]), message], with: 0x48) }
        }
        #expect(bus.statistics.transactions == 0)
    }

    @Test func tenBitAddressesAreOthers() async throws {
        let bus = try bus()
        let address = try I2CAddress.tenBit(0x48)
        #expect("\(address)" == "0x48 (10 bits)")
        await #expect(throws: I2CError.noAcknowledge(bus: "i2c-1", address: address)) {
            try await bus.read(1, from: address)
        }
        simulated.attach(SimulatedRegisterMap([0: [7]]), at: address)
        #expect(try await bus.read(1, from: address) == [7])
        #expect(throws: I2CError.invalidTenBitAddress(0x400)) { try I2CAddress.tenBit(0x400) }
        #expect(throws: I2CError.invalidTenBitAddress(-1)) { try I2CAddress.tenBit(-1) }
    }

    @Test func nothingComesBetweenWhatIsPerformed() async throws {
        let bus = try bus()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for value in 0..<100 {
                group.addTask {
                    try await bus.perform { bus throws(I2CError) in
                        try bus.write([1, UInt8(value), UInt8(value)], to: 0x48)
                        return try bus.write([1], thenRead: 2, at: 0x48) == [UInt8(value), UInt8(value)]
                    }
                }
            }
            for try await isWhole in group { #expect(isWhole) }
        }
    }

    // MARK: - Patience

    @Test func whatIsNotAcknowledgedIsRepeatedAsOftenAsAsked() async throws {
        let bus = try bus(I2COptions(retries: 2))
        simulated.script([.noAcknowledge, .arbitrationLost], at: 0x48)
        #expect(try await bus.write([0], thenRead: 2, at: 0x48) == [0x19, 0x80])
        simulated.script([.noAcknowledge, .arbitrationLost, .noAcknowledge], at: 0x48)
        await #expect(throws: I2CError.noAcknowledge(bus: "i2c-1", address: 0x48)) {
            try await bus.write([0], thenRead: 2, at: 0x48)
        }
        // A time-out takes long enough once.
        simulated.script([.timeout], at: 0x48)
        await #expect(throws: I2CError.timeout(bus: "i2c-1", address: 0x48)) { try await bus.read(1, from: 0x48) }
        #expect(bus.statistics.retries == 4)
        #expect(bus.statistics.transactions == 1)
        #expect(bus.statistics.notAcknowledged == 1)
        #expect(bus.statistics.arbitrationLost == 0)
        #expect(bus.statistics.timeouts == 1)
        #expect(bus.statistics.bytes == 3)
    }

    @Test func aBusWithNothingButTimeoutsHangs() async throws {
        let bus = try bus()
        simulated.script([.timeout, .timeout, .noAcknowledge, .timeout, .timeout, .timeout], at: 0x48)
        for hangs in [false, false, false, false, false, true] {
            _ = try? await bus.read(1, from: 0x48)
            #expect(bus.statistics.isHung == hangs)
        }
        _ = try await bus.read(1, from: 0x48)
        #expect(!bus.statistics.isHung)
        #expect(bus.statistics.timeouts == 5)
    }

    @Test func statisticsCanBeAskedForWhileATransactionHangs() async throws {
        let bus = try bus()
        simulated.script([.slow(.milliseconds(50))], at: 0x48)
        async let slow = bus.write([0], thenRead: 2, at: 0x48)
        #expect(bus.statistics.transactions == 0)
        #expect(try await slow == [0x19, 0x80])
        #expect(bus.statistics.transactions == 1)
    }

    // MARK: - Faults

    @Test func aFlippedBitIsWhereItWasAskedFor() async throws {
        let bus = try bus()
        simulated.script(
            [
                .bitError(byte: 1, bit: 7), .bitError(byte: 2, bit: 0), .bitError(byte: -1, bit: 0),
                .bitError(byte: 0, bit: 8),
            ],
            at: 0x48)
        #expect(try await bus.write([0], thenRead: 2, at: 0x48) == [0x19, 0x00])
        for _ in 0..<3 { #expect(try await bus.write([0], thenRead: 2, at: 0x48) == [0x19, 0x80]) }
        simulated.script([.bitError(byte: 1, bit: 0)], at: 0x48)
        try await bus.write([1, 0x10, 0x20], to: 0x48)
        #expect(chip[1] == [0x11, 0x20])
    }

    @Test func aShortReadHasFewerBytesThanAskedFor() async throws {
        let bus = try bus()
        simulated.script([.shortRead(1), .shortRead(0), .shortRead(-1), .shortRead(2), .shortRead(9)], at: 0x48)
        for answer in [[0x19], [], [], [0x19, 0x80], [0x19, 0x80]] as [[UInt8]] {
            #expect(try await bus.write([0], thenRead: 2, at: 0x48) == answer)
        }
        simulated.script([.shortRead(0)], at: 0x48)
        try await bus.write([1, 0x10, 0x20], to: 0x48)
        #expect(chip[1] == [0x10, 0x20])
    }

    @Test func aStuckBusReadsTheSame() async throws {
        let bus = try bus()
        simulated.script([.stuck(0xFF), .stuck(0x00)], at: 0x48)
        #expect(try await bus.write([0], thenRead: 2, at: 0x48) == [0xFF, 0xFF])
        try await bus.write([1, 1, 1], to: 0x48)
        #expect(chip[1] == [0x60, 0xA0])
    }

    // MARK: - Who is there

    /// Keeps how many bytes were read from it.
    private final class Reads: SimulatedI2CDevice {
        let bytes = Mutex(0)

        func write(_ bytes: [UInt8]) {}

        func read(_ count: Int) -> [UInt8] {
            bytes.withLock { $0 += count }
            return [UInt8](repeating: 0, count: count)
        }
    }

    // As i2cdetect(8) does by default.
    @Test(arguments: [(0x2F, 0), (0x30, 1), (0x37, 1), (0x38, 0), (0x4F, 0), (0x50, 1), (0x5F, 1), (0x60, 0)])
    func onlyWhereMemoriesLiveAByteIsRead(address: Int, count: Int) async throws {
        let device = Reads()
        simulated.attach(device, at: try I2CAddress(address))
        #expect(try await bus().presence(of: I2CAddress(address)) == .present)
        #expect(device.bytes.withLock { $0 } == count)
    }

    @Test func scanFindsWhatAnswers() async throws {
        simulated.attach(SimulatedRegisterMap([0: [1]]), at: 0x50)
        let bus = try bus()
        let found = try await bus.scan()
        #expect(found.map(\.address) == [0x48, 0x50])
        #expect(found.map(\.presence) == [.present, .present])
        #expect(try await bus.presence(of: 0x48) == .present)
        #expect(try await bus.presence(of: 0x49) == .absent)
        simulated.script([.timeout], at: 0x20)
        await #expect(throws: I2CError.timeout(bus: "i2c-1", address: 0x20)) { try await bus.scan() }
    }

    /// An adapter that refuses to write nothing, and counts how often.
    private final class Wordy: I2CController {
        let below: SimulatedI2C
        let refusals = Mutex(0)

        init(_ below: SimulatedI2C) { self.below = below }

        func transfer(
            _ messages: [I2CMessage], with address: I2CAddress, bus: String
        ) throws(I2CError) -> [UInt8] {
            if messages == [.write([])] {
                refusals.withLock { $0 += 1 }
                throw .unsupported(bus: bus, address: address)
            }
            return try below.transfer(messages, with: address, bus: bus)
        }

        func isTakenByKernel(_ address: I2CAddress) -> Bool { false }
    }

    @Test func anAdapterThatCannotWriteNothingReadsAByteEverywhere() throws {
        let adapter = Wordy(simulated)
        let device = Reads()
        simulated.attach(device, at: 0x20)
        simulated.attach(SimulatedRegisterMap([0: [1]]), at: 0x50)
        let found = try adapter.scan(bus: "i2c-1")
        #expect(found.map(\.address) == [0x20, 0x48, 0x50])
        #expect(device.bytes.withLock { $0 } == 1)
        // Not asked again for each address.
        #expect(adapter.refusals.withLock { $0 } == 1)
        #expect(try adapter.presence(of: 0x20, bus: "i2c-1") == .present)
        #expect(try adapter.presence(of: 0x49, bus: "i2c-1") == .absent)
    }

    // MARK: - Multiplexers

    @Test func aChannelIsABusOfItsOwn() async throws {
        let mux = SimulatedMultiplexer(channels: 4)
        simulated.attach(mux, at: 0x70)
        for (index, channel) in mux.channels.enumerated() {
            channel.attach(SimulatedRegisterMap([0: [UInt8(index)]]), at: 0x20)
        }
        let bus = try bus()
        let channels = try (0..<4).map { try bus.channel($0, of: 0x70, channels: 4) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for turn in 0..<200 {
                let index = turn % 4
                group.addTask { try await channels[index].write([0], thenRead: 1, at: 0x20) == [UInt8(index)] }
            }
            for try await isRight in group { #expect(isRight) }
        }
        #expect(throws: I2CError.noChannel(bus: "i2c-1", address: 0x70, channel: 4, channels: 4)) {
            try bus.channel(4, of: 0x70, channels: 4)
        }
        #expect(channels[2].name == "i2c-1 channel 2 of 0x70")
        #expect(try await channels[0].write([0], thenRead: 2, at: 0x48) == [0x19, 0x80], "the bus below is there too")
    }

    @Test func aMultiplexerThatForgotItsChannelIsToldAgain() async throws {
        let mux = SimulatedMultiplexer()
        simulated.attach(mux, at: 0x70)
        mux.channels[3].attach(SimulatedRegisterMap([0: [9]]), at: 0x20)
        let channel = try bus().channel(3, of: 0x70)
        #expect(try await channel.write([0], thenRead: 1, at: 0x20) == [9])
        // As after a loss of its power.
        mux.write([0])
        await #expect(throws: I2CError.noAcknowledge(bus: "i2c-1 channel 3 of 0x70", address: 0x20)) {
            try await channel.read(1, from: 0x20)
        }
        #expect(try await channel.write([0], thenRead: 1, at: 0x20) == [9])
        simulated.detach(at: 0x70)
        _ = try? await channel.read(1, from: 0x20)
        await #expect(throws: I2CError.noAcknowledge(bus: "i2c-1", address: 0x70)) {
            try await channel.read(1, from: 0x20)
        }
    }

    @Test func multiplexersBesideAndBehindEachOther() async throws {
        let (one, other, behind) = (SimulatedMultiplexer(), SimulatedMultiplexer(), SimulatedMultiplexer())
        simulated.attach(one, at: 0x70)
        simulated.attach(other, at: 0x71)
        one.channels[0].attach(SimulatedRegisterMap([0: [1]]), at: 0x20)
        other.channels[0].attach(SimulatedRegisterMap([0: [2]]), at: 0x20)
        other.channels[1].attach(behind, at: 0x72)
        behind.channels[5].attach(SimulatedRegisterMap([0: [3]]), at: 0x20)
        let bus = try bus()
        let ports = [
            try bus.channel(0, of: 0x70), try bus.channel(0, of: 0x71),
            try bus.channel(1, of: 0x71).channel(5, of: 0x72),
        ]
        for turn in [0, 1, 2, 0, 2, 1, 0] {
            #expect(try await ports[turn].write([0], thenRead: 1, at: 0x20) == [UInt8(turn + 1)])
        }
    }

    @Test func anotherMultiplexerIsSwitchedOffAfterAnError() async throws {
        let (one, other) = (SimulatedMultiplexer(), SimulatedMultiplexer())
        simulated.attach(one, at: 0x70)
        simulated.attach(other, at: 0x71)
        other.channels[0].attach(SimulatedRegisterMap([0: [2]]), at: 0x20)
        // On since before this process.
        one.write([4])
        let bus = try bus()
        let (first, second) = (try bus.channel(0, of: 0x70), try bus.channel(0, of: 0x71))
        #expect(try await second.write([0], thenRead: 1, at: 0x20) == [2])
        #expect(one.read(1) == [0] && other.read(1) == [1])
        // Nobody is there, which says nothing of the way.
        await #expect(throws: I2CError.self) { try await first.read(1, from: 0x20) }
        #expect(one.read(1) == [1] && other.read(1) == [0])
        #expect(try await second.write([0], thenRead: 1, at: 0x20) == [2])
        #expect(one.read(1) == [0] && other.read(1) == [1])
        // One that is gone is no hindrance, and is switched off when it is back.
        await #expect(throws: I2CError.self) { try await first.read(1, from: 0x20) }
        simulated.detach(at: 0x70)
        #expect(try await second.write([0], thenRead: 1, at: 0x20) == [2])
        simulated.attach(one, at: 0x70)
        await #expect(throws: I2CError.self) { try await second.read(1, from: 0x21) }
        #expect(try await second.write([0], thenRead: 1, at: 0x20) == [2])
        #expect(one.read(1) == [0])
    }

    @Test func aChannelKeepsTheBusBelow() async throws {
        weak var below: I2CBus?
        let channel: I2CBus
        do {
            let bus = try bus()
            below = bus
            channel = try bus.channel(0, of: 0x70)
        }
        // Who opens the bus meanwhile must get the same one, and so the same idea of what the multiplexer is set to.
        #expect(below != nil)
        #expect(channel.name == "i2c-1 channel 0 of 0x70")
    }
}

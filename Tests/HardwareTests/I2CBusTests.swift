import Glibc
import Hardware
import Testing

/// The bus's API on the simulated backend.
struct I2CBusTests {
    private let simulated = SimulatedI2C()
    private let chip = SimulatedRegisterMap([0: [0x19, 0x80], 1: [0x60, 0xA0], 2: [0x4B]])

    @Test func readsARegisterInOneTransaction() async throws {
        simulated.attach(chip, at: 0x48)
        let bus = try I2CBus(simulated: simulated)
        #expect(try await bus.write([0], thenRead: 2, at: 0x48) == [0x19, 0x80])
        #expect(try await bus.write([1], thenRead: 2, at: 0x48) == [0x60, 0xA0])
        chip[0] = [0xE7, 0x00]
        #expect(try await bus.write([0], thenRead: 2, at: 0x48) == [0xE7, 0x00])
    }

    private static func thread() -> pthread_t { pthread_self() }

    @Test func whoPrefersTheThreadStaysOnIt() async throws {
        simulated.attach(chip, at: 0x48)
        let bus = try I2CBus(simulated: simulated)
        let threads = try await withTaskExecutorPreference(bus.thread) {
            var threads: Set<pthread_t> = []
            for _ in 0..<100 {
                _ = try await bus.write([0], thenRead: 2, at: 0x48)
                threads.insert(Self.thread())
            }
            return threads
        }
        #expect(threads == [await bus.perform { _ in Self.thread() }])
        #expect(bus.statistics.transactions == 100)
    }

    @Test func pointerOutlivesTheTransaction() async throws {
        simulated.attach(chip, at: 0x48)
        let bus = try I2CBus(simulated: simulated)
        try await bus.write([1], to: 0x48)
        #expect(try await bus.read(2, from: 0x48) == [0x60, 0xA0])
        #expect(try await bus.read(2, from: 0x48) == [0x60, 0xA0])
    }

    @Test func writesReachTheRegisters() async throws {
        simulated.attach(chip, at: 0x48)
        let bus = try I2CBus(simulated: simulated)
        try await bus.write([1, 0x12, 0x34, 0x56, 0x78], to: 0x48)
        #expect(chip[1] == [0x12, 0x34])
        #expect(chip[2] == [0x56], "a long write runs on into the next register")
        #expect(chip[0] == [0x19, 0x80])
        #expect(chip[3] == nil, "bytes beyond the registers are ignored")
    }

    @Test func readsRunOnAndEndInAnIdleBus() async throws {
        simulated.attach(chip, at: 0x48)
        let bus = try I2CBus(simulated: simulated)
        #expect(try await bus.write([1], thenRead: 5, at: 0x48) == [0x60, 0xA0, 0x4B, 0xFF, 0xFF])
        #expect(try await bus.write([9], thenRead: 2, at: 0x48) == [0xFF, 0xFF])
    }

    @Test func absentAddressIsNotAcknowledged() async throws {
        simulated.attach(chip, at: 0x48)
        let bus = try I2CBus(simulated: simulated, name: "i2c-1")
        let error = await #expect(throws: I2CError.self) { try await bus.read(2, from: 0x49) }
        #expect(error == .noAcknowledge(bus: "i2c-1", address: 0x49))
        #expect(error?.description == "no device answers at address 0x49 on i2c-1")
        #expect(try await bus.read(2, from: 0x48) == [0x19, 0x80], "the bus lives on")
        simulated.detach(at: 0x48)
        await #expect(throws: I2CError.noAcknowledge(bus: "i2c-1", address: 0x48)) {
            try await bus.write([0], to: 0x48)
        }
    }

    @Test func aHeldFaultLastsUntilItIsTakenAway() async throws {
        simulated.attach(chip, at: 0x48)
        simulated.hold(.noAcknowledge, at: 0x48)
        simulated.script([.timeout], at: 0x48)
        let bus = try I2CBus(simulated: simulated, name: "i2c-1")
        await #expect(throws: I2CError.timeout(bus: "i2c-1", address: 0x48)) { try await bus.read(2, from: 0x48) }
        for _ in 1...3 {
            await #expect(throws: I2CError.noAcknowledge(bus: "i2c-1", address: 0x48)) {
                try await bus.read(2, from: 0x48)
            }
        }
        simulated.hold(nil, at: 0x48)
        #expect(try await bus.write([0], thenRead: 2, at: 0x48) == [0x19, 0x80])
    }

    @Test func scriptedFaultsComeInOrderAndPass() async throws {
        simulated.attach(chip, at: 0x48)
        simulated.script([.timeout, .noAcknowledge], at: 0x48)
        simulated.script([.arbitrationLost], at: 0x48)
        let bus = try I2CBus(simulated: simulated, name: "i2c-1")
        let faults: [I2CError] = [
            .timeout(bus: "i2c-1", address: 0x48), .noAcknowledge(bus: "i2c-1", address: 0x48),
            .arbitrationLost(bus: "i2c-1", address: 0x48),
        ]
        for fault in faults {
            await #expect(throws: fault) { try await bus.write([0], thenRead: 2, at: 0x48) }
            #expect(fault.description.contains("0x48 on i2c-1"))
        }
        #expect(try await bus.write([0], thenRead: 2, at: 0x48) == [0x19, 0x80])
    }

    @Test(arguments: [Int.min, -1, 0, 8193, Int.max]) func refusesLengthsNoTransactionHas(_ count: Int) async throws {
        simulated.attach(chip, at: 0x48)
        let bus = try I2CBus(simulated: simulated, name: "i2c-1")
        let error = I2CError.invalidLength(bus: "i2c-1", address: 0x48, length: count)
        await #expect(throws: error) { try await bus.read(count, from: 0x48) }
        await #expect(throws: error) { try await bus.write([0], thenRead: count, at: 0x48) }
        #expect(error.description.hasSuffix("cannot have \(count) bytes, only 1 to 8192"))
    }

    @Test func refusesEmptyAndHugeWrites() async throws {
        let bus = try I2CBus(simulated: simulated, name: "i2c-1")
        await #expect(throws: I2CError.invalidLength(bus: "i2c-1", address: 0x48, length: 0)) {
            try await bus.write([], to: 0x48)
        }
        await #expect(throws: I2CError.invalidLength(bus: "i2c-1", address: 0x48, length: 8193)) {
            try await bus.write([UInt8](repeating: 0, count: 8193), thenRead: 1, at: 0x48)
        }
    }

    @Test func concurrentTransactionsStayWhole() async throws {
        simulated.attach(chip, at: 0x48)
        let bus = try I2CBus(simulated: simulated)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<200 {
                let register = UInt8(index % 2)
                let content: [UInt8] = register == 0 ? [0x19, 0x80] : [0x60, 0xA0]
                group.addTask { try await bus.write([register], thenRead: 2, at: 0x48) == content }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}

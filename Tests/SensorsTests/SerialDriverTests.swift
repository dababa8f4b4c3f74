import Hardware
import Supervision
import Testing

@testable import Sensors

/// Drivers of what speaks on a serial line.
@Suite(.timeLimit(.minutes(10)))
struct SerialDriverTests {
    private let fixture = Fixture()
    private let line = SimulatedSerial()
    private var port: SerialLine { SerialLine(simulated: line, name: "uart0") }

    private var gps: ChildSpec {
        Sensor(NMEAGPS(on: port, clock: fixture.clock), into: fixture.readings).childSpec
    }

    private func particles(warmUp: Duration) -> ChildSpec {
        Sensor(PMS5003(on: port, warmUp: warmUp, clock: fixture.clock), into: fixture.readings).childSpec
    }

    private func send(_ text: String) {
        line.send(Array(text.utf8))
    }

    @Test func theReceiversSentencesBecomeReadings() async throws {
        try await fixture.run([gps]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/gps-uart0 started")
            #expect(line.settings?.baudRate == 9600)
            send("end of a sentence,N*12\r\n$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n")
            var names: [String] = []
            for _ in 0..<5 {
                let reading = try await fixture.nextReading()
                #expect(reading.sensor == "gps-uart0")
                names.append(reading.quantity.name)
            }
            #expect(names == ["fix", "latitude", "longitude", "velocity", "course"])
            // One with a wrong checksum, one of another type, then one without a fix.
            send("$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6B\r\n")
            send("$GPGSA,A,3*30\r\n$GPRMC,,V,,,,,,,,,,N*53\r\n")
            let reading = try await fixture.nextReading()
            #expect(reading.quantity.name == "fix" && reading.value == .bool(false))
        }
        #expect(fixture.readings.statistics.depth == 0)
        #expect(!line.isOpen)
    }

    @Test func aSilentLineFailsAndSaysWhy() async throws {
        try await fixture.run([gps]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/gps-uart0 started")
            await fixture.clock.sleepers(atLeast: 1)
            fixture.clock.advance(by: .seconds(10))
            #expect(
                try await fixture.nextEvent() == "root/gps-uart0 failed: GPS at uart0: nothing came for 10.0 seconds; "
                    + "check that it has power, and that its TX is wired to this board's RX")
        }
    }

    @Test func aWrongBaudRateFailsAndSaysWhy() async throws {
        try await fixture.run([gps]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/gps-uart0 started")
            await fixture.clock.sleepers(atLeast: 1)
            line.send([0xFF, 0xE0, 0x0A, 0x80, 0x0A])
            fixture.clock.advance(by: .seconds(10))
            let event = try await fixture.nextEvent()
            #expect(event.contains("GPS at uart0: nothing right came for 10.0 seconds; of 5 bytes so far"))
            #expect(event.contains("check the baud rate"))
        }
    }

    @Test func whatIsHeardKeepsTheSensorAlive() async throws {
        try await fixture.run([gps]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/gps-uart0 started")
            send("\n")
            for _ in 0..<5 {
                await fixture.clock.sleepers(atLeast: 1)
                send("$GPRMC,,V,,,,,,,,,,N*53\r\n")
                #expect(try await fixture.nextReading().value == .bool(false))
                // It is counted after it is reported; the next one is.
                send("$GPRMC,,V,,,,,,,,,,N*53\r\n")
                #expect(try await fixture.nextReading().value == .bool(false))
                fixture.clock.advance(by: .seconds(10))
            }
        }
        #expect(try await fixture.nextEvent() == "root/gps-uart0 stopped")
    }

    @Test func anUnpluggedReceiverComesBack() async throws {
        try await fixture.run([gps]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/gps-uart0 started")
            line.unplug()
            #expect(
                try await fixture.nextEvent()
                    == "root/gps-uart0 failed: the serial port uart0 failed: it was unplugged")
            line.plug()
            _ = try await fixture.nextEvent()
            fixture.clock.advance(by: .seconds(1))
            #expect(try await fixture.nextEvent() == "root/gps-uart0 started again, restart 1")
            send("\n$GPRMC,,V,,,,,,,,,,N*53\r\n")
            #expect(try await fixture.nextReading().value == .bool(false))
        }
    }

    @Test func particlesInTheAir() async throws {
        try await fixture.run([particles(warmUp: .zero)]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/pms5003-uart0 started")
            let packet = SimulatedPMS5003.packet(pm1: 7, pm25: 12, pm10: 300)
            // In the middle of a packet, then one with a wrong bit, then a whole one.
            line.send(Array(packet.dropFirst(13)))
            var damaged = packet
            damaged[11] ^= 0x10
            line.send(damaged)
            line.send(packet)
            for (name, value) in [("pm1", 7e-9), ("pm2-5", 12e-9), ("pm10", 300e-9)] {
                let reading = try await fixture.nextReading()
                #expect(reading.quantity == Quantity(name, unit: "kg/m3"))
                #expect(reading.value == .number(value))
            }
        }
        #expect(fixture.readings.statistics.depth == 0)
    }

    @Test func theFirstHalfMinuteIsLeftOut() async throws {
        let driver = PMS5003(on: port, warmUp: .seconds(30), silence: .seconds(100), clock: fixture.clock)
        try await fixture.run([Sensor(driver, into: fixture.readings).childSpec]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/pms5003-uart0 started")
            await fixture.clock.sleepers(atLeast: 1)
            fixture.clock.advance(by: .seconds(29))
            line.send(packet)
            // The failure comes behind the packet.
            line.unplug()
            #expect(try await fixture.nextEvent().contains("it was unplugged"))
            #expect(fixture.readings.statistics.depth == 0)
            line.plug()
            _ = try await fixture.nextEvent()
            fixture.clock.advance(by: .seconds(1))
            #expect(try await fixture.nextEvent() == "root/pms5003-uart0 started again, restart 1")
            await fixture.clock.sleepers(atLeast: 1)
            fixture.clock.advance(by: .seconds(30))
            line.send(packet)
            #expect(try await fixture.nextReading().value == .number(4e-9))
        }
    }

    // Data manual V2.3, appendix I: layout and checksum; the values are made up.
    private let packet: [UInt8] = [
        0x42, 0x4D, 0x00, 0x1C, 0x00, 0x05, 0x00, 0x0A, 0x00, 0x0F, 0x00, 0x04, 0x00, 0x09, 0xFF, 0xFF, 0x03, 0x7B,
        0x01, 0x00, 0x00, 0x30, 0x00, 0x06, 0x00, 0x02, 0x00, 0x01, 0x97, 0x00, 0x04, 0x23,
    ]

    // What a PMS5003 and a PMS7003 sent, with their own checksums, and what they showed.
    @Test(
        arguments: [
            ("424d001c000300040007000400050008031b00f9001b0006000300039a0002a2", [4, 5, 8]),
            ("424d001c0002000a000a0002000a000a024600af0031001600000000970002ac", [2, 10, 10]),
        ] as [(String, [Double])]) func whatSensorsSentIsRight(digits: String, micrograms: [Double]) async throws
    {
        let digits = Array(digits)
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
        try await fixture.run([particles(warmUp: .zero)]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/pms5003-uart0 started")
            line.send(bytes)
            for value in micrograms { #expect(try await fixture.nextReading().value == .number(value / 1e9)) }
        }
    }

    @Test func concentrationsAreThoseOfTheAtmosphere() {
        #expect(PMS5003.concentrations(packet) == [4e-9, 9e-9, 65_535e-9])
        #expect(PMS5003.concentrations([]).isEmpty)
        #expect(PMS5003.concentrations(Array(packet.dropLast())).isEmpty)
    }
}

import Glibc
import Testing

@testable import Hardware

/// A pseudo-terminal takes any setting; what the kernel is told for a real line shows here only.
struct SerialTermiosTests {
    private func attributes(_ settings: SerialSettings) throws -> termios {
        var attributes = termios()
        // What was left by somebody else.
        attributes.c_iflag = .max
        attributes.c_oflag = .max
        attributes.c_lflag = .max
        attributes.c_cflag = .max
        SerialTermios.set(settings, try #require(SerialTermios.speed(settings.baudRate)), in: &attributes)
        return attributes
    }

    @Test(arguments: [(5, CS5), (6, CS6), (7, CS7), (8, CS8)]) func dataBits(count: Int, flag: Int32) throws {
        let attributes = try attributes(SerialSettings(baudRate: 9600, dataBits: count))
        #expect(attributes.c_cflag & tcflag_t(CSIZE) == tcflag_t(flag))
        #expect(attributes.c_cflag & tcflag_t(CREAD | CLOCAL) == tcflag_t(CREAD | CLOCAL))
    }

    @Test(
        arguments: [(.none, 0), (.even, PARENB), (.odd, PARENB | PARODD)] as [(SerialSettings.Parity, Int32)])
    func parity(parity: SerialSettings.Parity, flags: Int32) throws {
        let attributes = try attributes(SerialSettings(baudRate: 9600, parity: parity))
        #expect(attributes.c_cflag & tcflag_t(PARENB | PARODD) == tcflag_t(flags))
        #expect((attributes.c_iflag & tcflag_t(INPCK) != 0) == (parity != .none))
    }

    @Test func stopBitsAndFlowControl() throws {
        #expect(try attributes(SerialSettings(baudRate: 9600)).c_cflag & tcflag_t(CSTOPB) == 0)
        #expect(try attributes(SerialSettings(baudRate: 9600, stopBits: 2)).c_cflag & tcflag_t(CSTOPB) != 0)
        for (control, hardware, software) in [
            (.none, false, false), (.hardware, true, false), (.software, false, true),
        ] as [(SerialSettings.FlowControl, Bool, Bool)] {
            let attributes = try attributes(SerialSettings(baudRate: 9600, flowControl: control))
            // CRTSCTS of asm-generic/termbits-common.h, which Swift cannot see.
            #expect((attributes.c_cflag & 0o20000000000 != 0) == hardware)
            #expect((attributes.c_iflag & tcflag_t(IXON | IXOFF) != 0) == software)
        }
    }

    /// Nothing is translated, echoed or taken for a signal, and a read gives what there is.
    @Test func theLineIsRaw() throws {
        let attributes = try attributes(SerialSettings(baudRate: 115_200))
        #expect(attributes.c_iflag & tcflag_t(ICRNL | INLCR | ISTRIP | IXON | IXOFF) == 0)
        #expect(attributes.c_oflag == 0 && attributes.c_lflag == 0)
        #expect(withUnsafeBytes(of: attributes.c_cc) { [$0[Int(VMIN)], $0[Int(VTIME)]] } == [1, 0])
        #expect(withUnsafePointer(to: attributes, cfgetospeed) == speed_t(B115200))
        #expect(withUnsafePointer(to: attributes, cfgetispeed) == speed_t(B115200))
    }

    @Test func ratesWithoutANameAreNone() {
        for rate in [0, -9600, 9601, 12_345] { #expect(SerialTermios.speed(rate) == nil) }
        #expect(Set(SerialSettings.standardBaudRates.compactMap { SerialTermios.speed($0) }).count == 30)
    }
}

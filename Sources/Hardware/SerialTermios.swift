internal import CLinux
internal import Glibc

/// ``SerialSettings`` in the words of termios(3).
enum SerialTermios {
    /// The constant for a baud rate; nil when there is none.
    static func speed(_ baudRate: Int) -> speed_t? {
        SerialSettings.standardBaudRates.firstIndex(of: baudRate).map { speed_t(speeds[$0]) }
    }

    /// In the order of ``SerialSettings/standardBaudRates``.
    private static let speeds = [
        B50, B75, B110, B134, B150, B200, B300, B600, B1200, B1800, B2400, B4800, B9600, B19200, B38400, B57600,
        B115200, B230400, B460800, B500000, B576000, B921600, B1000000, B1152000, B1500000, B2000000, B2500000,
        B3000000, B3500000, B4000000,
    ]

    /// Raw: nothing is echoed, translated or taken for a signal.
    static func set(_ settings: SerialSettings, _ speed: speed_t, in attributes: inout termios) {
        // Characters with errors are dropped: frames are checked as a whole anyway.
        attributes.c_iflag = tcflag_t(IGNBRK | IGNPAR)
        if settings.parity != .none { attributes.c_iflag |= tcflag_t(INPCK) }
        if settings.flowControl == .software { attributes.c_iflag |= tcflag_t(IXON | IXOFF) }
        attributes.c_oflag = 0
        attributes.c_lflag = 0
        // CLOCAL: no modem, whose carrier would have to be there.
        attributes.c_cflag = tcflag_t(CREAD | CLOCAL) | tcflag_t([CS5, CS6, CS7, CS8][settings.dataBits - 5])
        if settings.parity != .none { attributes.c_cflag |= tcflag_t(PARENB) }
        if settings.parity == .odd { attributes.c_cflag |= tcflag_t(PARODD) }
        if settings.stopBits == 2 { attributes.c_cflag |= tcflag_t(CSTOPB) }
        if settings.flowControl == .hardware { attributes.c_cflag |= linux_crtscts }
        cfsetspeed(&attributes, speed)
        // A read gives what there is, if only one byte.
        withUnsafeMutableBytes(of: &attributes.c_cc) { characters in
            characters[Int(VMIN)] = 1
            characters[Int(VTIME)] = 0
        }
    }

    /// Whether two settings make the same characters on the line.
    static func isSame(_ left: termios, _ right: termios) -> Bool {
        let character = tcflag_t(CSIZE | PARENB | PARODD | CSTOPB) | linux_crtscts
        return left.c_cflag & character == right.c_cflag & character
            && withUnsafePointer(to: left, cfgetospeed) == withUnsafePointer(to: right, cfgetospeed)
    }
}

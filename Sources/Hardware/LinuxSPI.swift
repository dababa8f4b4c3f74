internal import CLinux
internal import Glibc
internal import Threads

/// A device of the kernel, through spidev (Documentation/spi/spidev.rst).
package final class LinuxSPI: SPIController {
    private let descriptor: Int32

    init(path: String, settings: SPISettings) throws(SPIError) {
        // Not yet the property: a class whose properties are all set runs its deinit when its init throws.
        let descriptor = try Self.open(device: path)
        do throws(SPIError) {
            try Self.apply(settings, to: descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Opens a device without changing its settings.
    /// - Throws: ``SPIError`` when there is none, or it is another file.
    package static func test(path: String) throws(SPIError) {
        let descriptor = try open(device: path)
        defer { close(descriptor) }
        var mode: UInt32 = 0
        guard linux_ioctl(descriptor, linux_spi_read_mode, &mode) >= 0 else {
            throw .noDevice(device: path, reason: "it is not an SPI device")
        }
    }

    private static func open(device path: String) throws(SPIError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw switch errno {
            case ENOENT, ENXIO, ENODEV:
                .noDevice(
                    device: path,
                    reason: "there is no such device; the bus may be disabled in the device tree, or spidev not bound")
            case let code:
                .noDevice(device: path, reason: systemMessage(code))
            }
        }
        return descriptor
    }

    private static func apply(_ settings: SPISettings, to descriptor: Int32, _ path: String) throws(SPIError) {
        guard (1...32).contains(settings.bitsPerWord) else {
            throw .refused(
                device: path, setting: "\(settings.bitsPerWord) bits per word", reason: "there are 1 to 32")
        }
        guard settings.speed > 0, var speed = UInt32(exactly: settings.speed) else {
            throw .refused(
                device: path, setting: "\(settings.speed) Hz", reason: "a clock has 1 to \(UInt32.max) Hz")
        }
        var mode = UInt32(settings.mode.rawValue) | (settings.isLSBFirst ? linux_spi_lsb_first : 0)
        // Also tells an SPI device from any other file.
        guard linux_ioctl(descriptor, linux_spi_write_mode, &mode) >= 0 else {
            if errno == ENOTTY { throw .noDevice(device: path, reason: "it is not an SPI device") }
            let setting = "mode \(settings.mode.rawValue)\(settings.isLSBFirst ? ", lowest bit first" : "")"
            throw .refused(device: path, setting: setting, reason: systemMessage(errno))
        }
        var bits = UInt8(settings.bitsPerWord)
        guard linux_ioctl(descriptor, linux_spi_write_bits, &bits) >= 0 else {
            throw .refused(device: path, setting: "\(bits) bits per word", reason: systemMessage(errno))
        }
        guard linux_ioctl(descriptor, linux_spi_write_speed, &speed) >= 0 else {
            throw .refused(device: path, setting: "\(speed) Hz", reason: systemMessage(errno))
        }
    }

    func transfer(_ messages: [SPIMessage], device: String) throws(SPIError) -> [[UInt8]] {
        // One buffer for all, in which each message's answer takes its place.
        var bytes = messages.flatMap(\.bytes)
        let code = bytes.withUnsafeMutableBytes { buffer -> Int32 in
            var start = UInt(bitPattern: buffer.baseAddress)
            var transfers = messages.map { message in
                var transfer = spi_ioc_transfer()
                transfer.tx_buf = UInt64(start)
                transfer.rx_buf = UInt64(start)
                // Fits: SPIDevice checked it against 4096.
                transfer.len = UInt32(message.bytes.count)
                transfer.delay_usecs = message.delay
                transfer.cs_change = message.deselects ? 1 : 0
                start += UInt(message.bytes.count)
                return transfer
            }
            // On the last one it would mean the opposite: that the chip stays selected.
            transfers[transfers.count - 1].cs_change = 0
            return linux_spi_message(descriptor, &transfers, UInt32(transfers.count)) < 0 ? errno : 0
        }
        guard code == 0 else { throw .failed(device: device, reason: systemMessage(code)) }
        var rest = bytes[...]
        return messages.map { message in
            defer { rest = rest.dropFirst(message.bytes.count) }
            return Array(rest.prefix(message.bytes.count))
        }
    }
}

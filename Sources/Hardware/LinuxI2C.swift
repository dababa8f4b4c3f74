internal import CI2C
internal import CLinux
internal import Glibc
internal import Threads

/// A bus of the kernel, through i2c-dev's combined-transaction ioctl (Documentation/i2c/dev-interface.rst).
final class LinuxI2C: I2CController {
    private let descriptor: Int32

    init(path: String) throws(I2CError) {
        // Not yet the property: a class whose properties are all set runs its deinit when its init throws.
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw switch errno {
            case ENOENT, ENXIO, ENODEV:
                .noBus(bus: path, reason: "there is no such bus; it may be disabled, or the module i2c-dev not loaded")
            case let code:
                .noBus(bus: path, reason: systemMessage(code))
            }
        }
        var functions: UInt = 0
        // Also tells an I2C bus from any other file.
        guard linux_ioctl(descriptor, UInt(I2C_FUNCS), &functions) >= 0 else {
            close(descriptor)
            throw .noBus(bus: path, reason: "it is not an I2C bus")
        }
        guard functions & UInt(I2C_FUNC_I2C) != 0 else {
            close(descriptor)
            throw .noBus(bus: path, reason: "its adapter can do SMBus commands only, not plain I2C transactions")
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    func transfer(
        writing bytes: [UInt8], thenReading count: Int, address: I2CAddress, bus: String
    ) throws(I2CError) -> [UInt8] {
        var outgoing = bytes
        var incoming = [UInt8](repeating: 0, count: count)
        let code = outgoing.withUnsafeMutableBufferPointer { outgoing in
            incoming.withUnsafeMutableBufferPointer { incoming in
                submit(outgoing, incoming, address)
            }
        }
        switch code {
        case 0: return incoming
        // Which one says "not acknowledged" depends on the adapter's driver (Documentation/i2c/fault-codes.rst).
        case EREMOTEIO, ENXIO: throw .noAcknowledge(bus: bus, address: address)
        case ETIMEDOUT: throw .timeout(bus: bus, address: address)
        default: throw .failed(bus: bus, address: address, reason: systemMessage(code))
        }
    }

    /// Returns 0 or the kernel's error number.
    private func submit(
        _ outgoing: UnsafeMutableBufferPointer<UInt8>, _ incoming: UnsafeMutableBufferPointer<UInt8>,
        _ address: I2CAddress
    ) -> Int32 {
        var messages: [i2c_msg] = []
        // The lengths fit: I2CBus checked them against 8192.
        if !outgoing.isEmpty {
            messages.append(
                i2c_msg(
                    addr: UInt16(address.rawValue), flags: 0, len: UInt16(outgoing.count), buf: outgoing.baseAddress))
        }
        if !incoming.isEmpty {
            messages.append(
                i2c_msg(
                    addr: UInt16(address.rawValue), flags: UInt16(I2C_M_RD), len: UInt16(incoming.count),
                    buf: incoming.baseAddress))
        }
        return messages.withUnsafeMutableBufferPointer { messages in
            var transaction = i2c_rdwr_ioctl_data(msgs: messages.baseAddress, nmsgs: UInt32(messages.count))
            return linux_ioctl(descriptor, UInt(I2C_RDWR), &transaction) < 0 ? errno : 0
        }
    }
}

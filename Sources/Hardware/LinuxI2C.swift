internal import CI2C
internal import CLinux
internal import Glibc
internal import Threads

/// A bus of the kernel, through i2c-dev's combined-transaction ioctl (Documentation/i2c/dev-interface.rst).
package final class LinuxI2C: I2CController {
    private let path: String
    private let options: I2COptions
    /// Negative after the adapter had gone away: opened anew by the next transaction. Only reached on the bus's thread; the
    /// lock is for the compiler.
    private let descriptor: Lock<Int32>

    package init(path: String, _ options: I2COptions = I2COptions()) throws(I2CError) {
        self.path = path
        self.options = options
        descriptor = Lock(try Self.open(path, options))
    }

    deinit {
        let descriptor = descriptor.withLock { $0 }
        if descriptor >= 0 { close(descriptor) }
    }

    private static func open(_ path: String, _ options: I2COptions) throws(I2CError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw switch errno {
            case ENOENT, ENXIO, ENODEV:
                .noBus(bus: path, reason: "there is no such bus; it may be disabled, or the module i2c-dev not loaded")
            case let code:
                .noBus(bus: path, reason: systemMessage(code))
            }
        }
        do throws(I2CError) {
            var functions: UInt = 0
            // Also tells an I2C bus from any other file.
            guard linux_ioctl(descriptor, UInt(I2C_FUNCS), &functions) >= 0 else {
                throw .noBus(bus: path, reason: "it is not an I2C bus")
            }
            guard functions & UInt(I2C_FUNC_I2C) != 0 else {
                throw .noBus(bus: path, reason: "its adapter can do SMBus commands only, not plain I2C transactions")
            }
            if let timeout = options.timeout {
                // In units of 10 ms; the kernel takes what fits into an int.
                let units = Int(clamping: Int64(max(.zero, min(timeout, .seconds(3600))) / .milliseconds(10)))
                try set(UInt(I2C_TIMEOUT), to: max(1, units), "time-out", descriptor, path)
            }
            if let retries = options.arbitrationRetries {
                try set(UInt(I2C_RETRIES), to: min(max(0, retries), 100), "number of retries", descriptor, path)
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// These requests take their number in place of a pointer.
    private static func set(
        _ request: UInt, to value: Int, _ what: String, _ descriptor: Int32, _ path: String
    ) throws(I2CError) {
        guard linux_ioctl(descriptor, request, UnsafeMutableRawPointer(bitPattern: value)) >= 0 else {
            throw .noBus(bus: path, reason: "its \(what) cannot be set: \(systemMessage(errno))")
        }
    }

    package func isTakenByKernel(_ address: I2CAddress) -> Bool {
        descriptor.withLock { descriptor in
            // Makes it the address of plain read(2) and write(2), which nobody here uses; refused when a driver has it.
            linux_ioctl(descriptor, UInt(I2C_SLAVE), UnsafeMutableRawPointer(bitPattern: Int(address.rawValue))) < 0
                && errno == EBUSY
        }
    }

    package func transfer(
        _ messages: [I2CMessage], with address: I2CAddress, bus: String
    ) throws(I2CError) -> [UInt8] {
        let total = messages.reduce(0) { $0 + $1.length }
        // The kernel wants all bytes of a transaction in memory that stays: one piece, a message behind the other.
        var buffer: [UInt8] = []
        buffer.reserveCapacity(total)
        for message in messages {
            switch message {
            case .write(let bytes): buffer += bytes
            case .read(let count): buffer.append(contentsOf: repeatElement(0, count: count))
            }
        }
        let code = try descriptor.withLock { descriptor throws(I2CError) in
            if descriptor < 0 { descriptor = try Self.open(path, options) }
            let code = Self.submit(messages, address, &buffer, descriptor)
            if code == ENODEV {
                // The adapter is gone, such as one on USB; it may come back under the same name.
                close(descriptor)
                descriptor = -1
            }
            return code
        }
        switch code {
        case 0: return Self.reads(of: messages, in: buffer)
        // Which one says "not acknowledged" depends on the adapter's driver (Documentation/i2c/fault-codes.rst).
        case EREMOTEIO, ENXIO: throw .noAcknowledge(bus: bus, address: address)
        case ETIMEDOUT: throw .timeout(bus: bus, address: address)
        case EAGAIN: throw .arbitrationLost(bus: bus, address: address)
        case EOPNOTSUPP: throw .unsupported(bus: bus, address: address)
        default: throw .failed(bus: bus, address: address, reason: systemMessage(code))
        }
    }

    private static func reads(of messages: [I2CMessage], in buffer: [UInt8]) -> [UInt8] {
        // By far the most: a register's number is written, its content read.
        if case .read(let count) = messages.last,
            messages.dropLast().allSatisfy({ if case .write = $0 { true } else { false } })
        {
            return Array(buffer.suffix(count))
        }
        var answer: [UInt8] = []
        var offset = 0
        for message in messages {
            if case .read = message { answer += buffer[offset..<(offset + message.length)] }
            offset += message.length
        }
        return answer
    }

    /// Returns 0 or the kernel's error number.
    private static func submit(
        _ messages: [I2CMessage], _ address: I2CAddress, _ buffer: inout [UInt8], _ descriptor: Int32
    ) -> Int32 {
        let tenBit = address.isTenBit ? UInt16(I2C_M_TEN) : 0
        return buffer.withUnsafeMutableBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: i2c_msg.self, capacity: messages.count) { native in
                var offset = 0
                for (index, message) in messages.enumerated() {
                    var flags = tenBit
                    if case .read = message { flags |= UInt16(I2C_M_RD) }
                    // The lengths fit: I2CBus checked them against 8192.
                    native.initializeElement(
                        at: index,
                        to: i2c_msg(
                            addr: address.rawValue, flags: flags, len: UInt16(message.length),
                            buf: bytes.baseAddress.map { $0 + offset }))
                    offset += message.length
                }
                var transaction = i2c_rdwr_ioctl_data(msgs: native.baseAddress, nmsgs: UInt32(messages.count))
                return linux_ioctl(descriptor, UInt(I2C_RDWR), &transaction) < 0 ? errno : 0
            }
        }
    }
}

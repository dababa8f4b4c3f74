internal import CI2C
internal import CLinux
internal import Glibc
internal import Threads

/// A bus of the kernel, through i2c-dev's combined-transaction ioctl (Documentation/i2c/dev-interface.rst).
package final class LinuxI2C: I2CController {
    /// The adapter as it was found.
    private struct Adapter {
        /// Negative after it had gone away: opened anew by the next transaction.
        var descriptor: Int32
        /// What it can do, of I2C_FUNC_* in linux/i2c.h.
        let functions: UInt
    }

    private let path: String
    private let options: I2COptions
    /// Only reached on the bus's thread; the lock is for the compiler.
    private let adapter: Lock<Adapter>

    package init(path: String, _ options: I2COptions = I2COptions()) throws(I2CError) {
        self.path = path
        self.options = options
        adapter = Lock(try Self.open(path, options))
    }

    deinit {
        let descriptor = adapter.withLock { $0.descriptor }
        if descriptor >= 0 { close(descriptor) }
    }

    private static func open(_ path: String, _ options: I2COptions) throws(I2CError) -> Adapter {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw switch errno {
            case ENOENT, ENXIO, ENODEV:
                .noBus(bus: path, reason: "there is no such bus; it may be disabled, or the module i2c-dev not loaded")
            case let code:
                .noBus(bus: path, reason: systemMessage(code))
            }
        }
        var functions: UInt = 0
        do throws(I2CError) {
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
        return Adapter(descriptor: descriptor, functions: functions)
    }

    /// Whether an adapter with these functions can send an address.
    ///
    /// Nobody else asks: i2c-dev and the kernel's core hand every message on, and a driver that does not know the flag
    /// I2C_M_TEN sends the lower 7 bits, which are another chip's address (i2c-bcm2835, the Pi's, is one).
    package static func canSend(_ address: I2CAddress, functions: UInt) -> Bool {
        !address.isTenBit || functions & UInt(I2C_FUNC_10BIT_ADDR) != 0
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
        // The request takes its number for one of 7 bits.
        guard !address.isTenBit else { return false }
        return adapter.withLock { adapter in
            // Makes it the address of plain read(2) and write(2), which nobody here uses; refused when a driver has it.
            let number = UnsafeMutableRawPointer(bitPattern: Int(address.rawValue))
            return linux_ioctl(adapter.descriptor, UInt(I2C_SLAVE), number) < 0 && errno == EBUSY
        }
    }

    package func transfer(
        _ messages: [I2CMessage], with address: I2CAddress, bus: String
    ) throws(I2CError) -> [UInt8] {
        // By far the most: a register's number is written, its content read. Without a copy of either.
        if messages.count == 2, case .write(let bytes) = messages[0], case .read(let count) = messages[1] {
            var code: Int32 = 0
            let answer = [UInt8](unsafeUninitializedCapacity: count) { answer, length in
                code = bytes.withUnsafeBufferPointer { bytes in
                    withUnsafeTemporaryAllocation(of: i2c_msg.self, capacity: 2) { native in
                        let tenBit = address.isTenBit ? UInt16(I2C_M_TEN) : 0
                        // The kernel only reads what is written.
                        native.initializeElement(
                            at: 0,
                            to: i2c_msg(
                                addr: address.rawValue, flags: tenBit, len: UInt16(bytes.count),
                                buf: UnsafeMutablePointer(mutating: bytes.baseAddress)))
                        native.initializeElement(
                            at: 1,
                            to: i2c_msg(
                                addr: address.rawValue, flags: tenBit | UInt16(I2C_M_RD), len: UInt16(count),
                                buf: answer.baseAddress))
                        return submit(native, address)
                    }
                }
                // The kernel has filled all of it, or the error is thrown below.
                length = code == 0 ? count : 0
            }
            try check(code, address, bus)
            return answer
        }
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
        try check(submit(messages, address, &buffer), address, bus)
        return Self.reads(of: messages, in: buffer)
    }

    private func check(_ code: Int32, _ address: I2CAddress, _ bus: String) throws(I2CError) {
        switch code {
        case 0: return
        // Which one says "not acknowledged" depends on the adapter's driver (Documentation/i2c/fault-codes.rst).
        case EREMOTEIO, ENXIO: throw .noAcknowledge(bus: bus, address: address)
        case ETIMEDOUT: throw .timeout(bus: bus, address: address)
        case EAGAIN: throw .arbitrationLost(bus: bus, address: address)
        case EOPNOTSUPP: throw .unsupported(bus: bus, address: address)
        default: throw .failed(bus: bus, address: address, reason: systemMessage(code))
        }
    }

    private static func reads(of messages: [I2CMessage], in buffer: [UInt8]) -> [UInt8] {
        var answer: [UInt8] = []
        var offset = 0
        for message in messages {
            if case .read = message { answer += buffer[offset..<(offset + message.length)] }
            offset += message.length
        }
        return answer
    }

    /// Returns 0 or the kernel's error number.
    private func submit(_ messages: [I2CMessage], _ address: I2CAddress, _ buffer: inout [UInt8]) -> Int32 {
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
                return submit(native, address)
            }
        }
    }

    /// Returns 0 or the kernel's error number.
    private func submit(_ messages: UnsafeMutableBufferPointer<i2c_msg>, _ address: I2CAddress) -> Int32 {
        var transaction = i2c_rdwr_ioctl_data(msgs: messages.baseAddress, nmsgs: UInt32(messages.count))
        return adapter.withLock { adapter in
            if adapter.descriptor < 0 {
                guard let opened = try? Self.open(path, options) else { return ENODEV }
                adapter = opened
            }
            guard Self.canSend(address, functions: adapter.functions) else { return EOPNOTSUPP }
            let done = linux_ioctl(adapter.descriptor, UInt(I2C_RDWR), &transaction)
            // The number of messages that went through. When an adapter stops before the last, what it should have read is
            // not there; EIO is what the kernel makes of that itself (drivers/i2c/i2c-core-smbus.c).
            guard done < 0 else { return done == messages.count ? 0 : EIO }
            let code = errno
            if code == ENODEV {
                // The adapter is gone, such as one on USB; it may come back under the same name.
                close(adapter.descriptor)
                adapter.descriptor = -1
            }
            return code
        }
    }
}

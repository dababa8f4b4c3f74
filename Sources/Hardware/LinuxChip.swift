internal import CGPIOD
internal import Glibc
internal import Threads

/// An open GPIO chip of the kernel. Lines requested from it stay valid after it is closed.
struct LinuxChip: ~Copyable {
    let name: String
    /// Of one that was asked for by its name, that.
    private(set) var label: String
    let lines: Int
    /// libgpiod's own; no two threads may use it at the same time.
    let pointer: OpaquePointer

    /// - Parameter path: the chip's device node.
    init(path: String) throws(GPIOError) {
        guard let chip = gpiod_chip_open(path) else {
            throw .unreadableChip(path: path, reason: systemMessage(errno))
        }
        guard let info = gpiod_chip_get_info(chip) else {
            let code = errno
            gpiod_chip_close(chip)
            throw .unreadableChip(path: path, reason: systemMessage(code))
        }
        name = gpiod_chip_info_get_name(info).map { String(cString: $0) } ?? ""
        label = gpiod_chip_info_get_label(info).map { String(cString: $0) } ?? ""
        lines = Int(gpiod_chip_info_get_num_lines(info))
        pointer = chip
        gpiod_chip_info_free(info)
    }

    /// Finds a chip by its label; of several with the same label, the one with the lowest device number. A name of the
    /// kernel's, such as `gpiochip2`, stands for the chip that has it.
    init(label: String) throws(GPIOError) {
        var present: [String] = []
        var unreadable: [String] = []
        for path in Self.paths() {
            do throws(GPIOError) {
                let chip = try LinuxChip(path: path)
                if chip.label == label || chip.name == label {
                    self = chip
                    self.label = label
                    return
                }
                present.append(chip.label)
            } catch {
                guard case .unreadableChip(let path, let reason) = error else { throw error }
                unreadable.append("\(path): \(reason)")
            }
        }
        throw .noChip(label: label, present: present, unreadable: unreadable)
    }

    deinit {
        gpiod_chip_close(pointer)
    }

    /// Requests lines for this process.
    /// - Returns: libgpiod's request, to be released by the caller.
    func request(_ offsets: [Int], _ mode: LineMode) throws(GPIOError) -> OpaquePointer {
        try LineOptions.check(mode, chip: label, lines: lines, offsets: offsets)
        let numbers = offsets.map { UInt32($0) }

        // libgpiod's objects are created by malloc alone: nil means out of memory.
        guard let settings = gpiod_line_settings_new() else { throw requestFailed(offsets) }
        defer { gpiod_line_settings_free(settings) }
        guard let lineConfiguration = gpiod_line_config_new() else { throw requestFailed(offsets) }
        defer { gpiod_line_config_free(lineConfiguration) }
        guard let configuration = gpiod_request_config_new() else { throw requestFailed(offsets) }
        defer { gpiod_request_config_free(configuration) }

        mode.apply(to: settings)
        guard gpiod_line_config_add_line_settings(lineConfiguration, numbers, numbers.count, settings) == 0 else {
            throw requestFailed(offsets)
        }
        if case .output(let initial, _) = mode {
            let values = numbers.indices.map { Self.value(initial >> $0 & 1 == 1) }
            guard gpiod_line_config_set_output_values(lineConfiguration, values, values.count) == 0 else {
                throw requestFailed(offsets)
            }
        }
        gpiod_request_config_set_consumer(configuration, LineOptions.consumer(mode.consumer))
        gpiod_request_config_set_event_buffer_size(configuration, Self.kernelEventCapacity)

        guard let request = gpiod_chip_request_lines(pointer, configuration, lineConfiguration) else {
            let code = errno
            guard code == EBUSY else { throw requestFailed(offsets, code) }
            // The kernel does not say which; the first that is in use is one of them.
            for offset in offsets {
                let line = try info(of: offset)
                if line.isUsed { throw .busy(chip: label, offset: offset, consumer: line.consumer) }
            }
            throw requestFailed(offsets, code)
        }
        return request
    }

    private func requestFailed(_ offsets: [Int], _ code: Int32 = errno) -> GPIOError {
        // An error number alone would leave the reader with "Operation not supported".
        let reason = code == ENOTSUP ? "the chip cannot do what was asked (bias, drive or edges)" : systemMessage(code)
        return .failed(chip: label, offset: offsets[0], operation: "request", reason: reason)
    }

    func info(of offset: Int) throws(GPIOError) -> LineInfo {
        guard offset >= 0, offset < lines else { throw .noSuchLine(chip: label, offset: offset, lines: lines) }
        guard let info = gpiod_chip_get_line_info(pointer, UInt32(offset)) else {
            throw .failed(chip: label, offset: offset, operation: "look at", reason: systemMessage(errno))
        }
        defer { gpiod_line_info_free(info) }
        return LineInfo(info)
    }

    /// All lines as they are now, by their offsets.
    func infos() throws(GPIOError) -> [LineInfo] {
        var infos: [LineInfo] = []
        for offset in 0..<lines { infos.append(try info(of: offset)) }
        return infos
    }

    static func value(_ isHigh: Bool) -> gpiod_line_value {
        isHigh ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE
    }

    /// Events the kernel keeps for us, per request: enough for 100 ms of a contact that bounces every 100 us before our
    /// thread runs. The kernel allows 16 for each of at most 64 lines (GPIO_V2_LINES_MAX * 16 in gpiolib-cdev.c).
    private static let kernelEventCapacity = 1024

    /// The device nodes of the GPIO chips, in the order of their numbers.
    static func paths() -> [String] {
        guard let directory = opendir("/dev") else { return [] }
        defer { closedir(directory) }
        var numbers: [Int] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.utf8.starts(with: "gpiochip".utf8), let number = Int(name.dropFirst(8)) else { continue }
            numbers.append(number)
        }
        // Leaves out the symbolic links of old device numbers, which would list a chip twice.
        return numbers.sorted().map { "/dev/gpiochip\($0)" }.filter { gpiod_is_gpiochip_device($0) }
    }
}

extension LineMode {
    fileprivate var consumer: String {
        switch self {
        case .input(let options, _): options.consumer
        case .output(_, let options): options.consumer
        }
    }

    /// Cannot fail: every value is one libgpiod knows.
    fileprivate func apply(to settings: OpaquePointer) {
        switch self {
        case .input(let options, _):
            gpiod_line_settings_set_direction(
                settings, options.keepsDirection ? GPIOD_LINE_DIRECTION_AS_IS : GPIOD_LINE_DIRECTION_INPUT)
            gpiod_line_settings_set_bias(settings, options.bias.native)
            gpiod_line_settings_set_active_low(settings, options.isActiveLow)
            let edges =
                switch options.edges {
                case .none: GPIOD_LINE_EDGE_NONE
                case .rising: GPIOD_LINE_EDGE_RISING
                case .falling: GPIOD_LINE_EDGE_FALLING
                case .both: GPIOD_LINE_EDGE_BOTH
                }
            gpiod_line_settings_set_edge_detection(settings, edges)
            gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC)
            // Checked to fit. A part of a microsecond counts as a whole one: none is asked for in vain.
            let microseconds = (options.debounce + .nanoseconds(999)) / .microseconds(1)
            gpiod_line_settings_set_debounce_period_us(settings, UInt(microseconds))
        case .output(_, let options):
            gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT)
            gpiod_line_settings_set_bias(settings, options.bias.native)
            gpiod_line_settings_set_active_low(settings, options.isActiveLow)
            let drive =
                switch options.drive {
                case .pushPull: GPIOD_LINE_DRIVE_PUSH_PULL
                case .openDrain: GPIOD_LINE_DRIVE_OPEN_DRAIN
                case .openSource: GPIOD_LINE_DRIVE_OPEN_SOURCE
                }
            gpiod_line_settings_set_drive(settings, drive)
        }
    }
}

extension LineBias {
    fileprivate var native: gpiod_line_bias {
        switch self {
        case .asIs: GPIOD_LINE_BIAS_AS_IS
        case .disabled: GPIOD_LINE_BIAS_DISABLED
        case .pullUp: GPIOD_LINE_BIAS_PULL_UP
        case .pullDown: GPIOD_LINE_BIAS_PULL_DOWN
        }
    }
}

extension LineInfo {
    /// - Parameter info: libgpiod's.
    init(_ info: OpaquePointer) {
        self.init(offset: Int(gpiod_line_info_get_offset(info)))
        name = gpiod_line_info_get_name(info).map { String(cString: $0) } ?? ""
        isUsed = gpiod_line_info_is_used(info)
        consumer = gpiod_line_info_get_consumer(info).map { String(cString: $0) } ?? ""
        direction = gpiod_line_info_get_direction(info) == GPIOD_LINE_DIRECTION_OUTPUT ? .output : .input
        isActiveLow = gpiod_line_info_is_active_low(info)
        bias =
            switch gpiod_line_info_get_bias(info) {
            case GPIOD_LINE_BIAS_DISABLED: .disabled
            case GPIOD_LINE_BIAS_PULL_UP: .pullUp
            case GPIOD_LINE_BIAS_PULL_DOWN: .pullDown
            default: nil
            }
        drive =
            switch gpiod_line_info_get_drive(info) {
            case GPIOD_LINE_DRIVE_OPEN_DRAIN: .openDrain
            case GPIOD_LINE_DRIVE_OPEN_SOURCE: .openSource
            default: .pushPull
            }
        edges =
            switch gpiod_line_info_get_edge_detection(info) {
            case GPIOD_LINE_EDGE_RISING: .rising
            case GPIOD_LINE_EDGE_FALLING: .falling
            case GPIOD_LINE_EDGE_BOTH: .both
            default: .none
            }
        if gpiod_line_info_is_debounced(info) {
            debounce = .microseconds(gpiod_line_info_get_debounce_period_us(info))
        }
    }
}

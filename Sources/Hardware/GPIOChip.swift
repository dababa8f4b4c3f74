internal import CGPIOD
internal import Glibc
internal import Threads

/// An open GPIO chip of the kernel. Lines requested from it stay valid after it is closed.
struct GPIOChip: ~Copyable {
    let label: String
    let lines: Int
    private let chip: OpaquePointer

    /// Finds a chip by its label; of several with the same label, the one with the lowest device number.
    init(label: String) throws(GPIOError) {
        var present: [String] = []
        var unreadable: [String] = []
        for path in Self.paths() {
            guard let chip = gpiod_chip_open(path) else {
                unreadable.append("\(path): \(systemMessage(errno))")
                continue
            }
            guard let info = gpiod_chip_get_info(chip) else {
                unreadable.append("\(path): \(systemMessage(errno))")
                gpiod_chip_close(chip)
                continue
            }
            let found = gpiod_chip_info_get_label(info).map { String(cString: $0) } ?? ""
            let lines = gpiod_chip_info_get_num_lines(info)
            gpiod_chip_info_free(info)
            if found == label {
                self.label = label
                self.lines = Int(lines)
                self.chip = chip
                return
            }
            present.append(found)
            gpiod_chip_close(chip)
        }
        throw .noChip(label: label, present: present, unreadable: unreadable)
    }

    deinit {
        gpiod_chip_close(chip)
    }

    /// Requests a line for this process.
    /// - Returns: libgpiod's request, to be released by the caller.
    func request(_ offset: Int, _ mode: LineMode) throws(GPIOError) -> OpaquePointer {
        guard offset >= 0, offset < lines else { throw .noSuchLine(chip: label, offset: offset, lines: lines) }
        let line = UInt32(offset)

        // libgpiod's objects are created by malloc alone: nil means out of memory.
        guard let settings = gpiod_line_settings_new() else { throw requestFailed(offset) }
        defer { gpiod_line_settings_free(settings) }
        guard let lineConfiguration = gpiod_line_config_new() else { throw requestFailed(offset) }
        defer { gpiod_line_config_free(lineConfiguration) }
        guard let configuration = gpiod_request_config_new() else { throw requestFailed(offset) }
        defer { gpiod_request_config_free(configuration) }

        mode.apply(to: settings)
        guard gpiod_line_config_add_line_settings(lineConfiguration, [line], 1, settings) == 0 else {
            throw requestFailed(offset)
        }
        gpiod_request_config_set_consumer(configuration, Self.consumer)
        gpiod_request_config_set_event_buffer_size(configuration, Self.kernelEventCapacity)

        guard let request = gpiod_chip_request_lines(chip, configuration, lineConfiguration) else {
            let code = errno
            guard code == EBUSY else { throw requestFailed(offset, code) }
            throw .busy(chip: label, offset: offset, consumer: consumer(of: line))
        }
        return request
    }

    private func requestFailed(_ offset: Int, _ code: Int32 = errno) -> GPIOError {
        .failed(chip: label, offset: offset, operation: "request", reason: systemMessage(code))
    }

    private func consumer(of line: UInt32) -> String {
        guard let info = gpiod_chip_get_line_info(chip, line) else { return "" }
        defer { gpiod_line_info_free(info) }
        return gpiod_line_info_get_consumer(info).map { String(cString: $0) } ?? ""
    }

    /// What others see as the user of our lines, in `gpioinfo` and in their "busy" errors.
    private static let consumer = "apus"

    /// Events the kernel keeps for us: enough for 100 ms of a contact that bounces every 400 us before our thread runs.
    private static let kernelEventCapacity = 256

    /// The device nodes of the GPIO chips, in the order of their numbers.
    private static func paths() -> [String] {
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
    /// Cannot fail: every value is one libgpiod knows.
    fileprivate func apply(to settings: OpaquePointer) {
        switch self {
        case .input(let bias, let edges, _):
            gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT)
            let nativeBias =
                switch bias {
                case .asIs: GPIOD_LINE_BIAS_AS_IS
                case .disabled: GPIOD_LINE_BIAS_DISABLED
                case .pullUp: GPIOD_LINE_BIAS_PULL_UP
                case .pullDown: GPIOD_LINE_BIAS_PULL_DOWN
                }
            gpiod_line_settings_set_bias(settings, nativeBias)
            let nativeEdges =
                switch edges {
                case .none: GPIOD_LINE_EDGE_NONE
                case .rising: GPIOD_LINE_EDGE_RISING
                case .falling: GPIOD_LINE_EDGE_FALLING
                case .both: GPIOD_LINE_EDGE_BOTH
                }
            gpiod_line_settings_set_edge_detection(settings, nativeEdges)
            gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC)
        case .output(let initial):
            gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT)
            gpiod_line_settings_set_output_value(
                settings, initial ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE)
        }
    }
}

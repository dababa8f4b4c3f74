internal import Threads

/// Lines of one chip held by this process: what inputs and outputs need of the kernel or of its simulation.
///
/// Levels are bit sets: bit 0 belongs to the first line of the request.
protocol LineRequest: Sendable {
    func levels() throws(GPIOError) -> UInt64
    func setLevels(_ levels: UInt64, of lines: UInt64) throws(GPIOError)
    var statistics: EdgeStatistics { get }
    /// The thread on which events come; nil when they come on any.
    var executor: DescriptorExecutor? { get }
    /// Gives the lines back, at their safe level if they have one, and ends their events; when this returns, the lines are
    /// free. Later calls do nothing.
    func release()
}

/// What lines are requested as.
enum LineMode: Sendable {
    /// Without a queue nobody but the caller waits for events.
    case input(InputOptions, EdgeQueue?)
    case output(initial: UInt64, OutputOptions)
}

/// What every request of lines must obey.
enum LineOptions {
    /// The most lines of one request (GPIO_V2_LINES_MAX in linux/gpio.h).
    static let maximumCount = 64

    /// The kernel counts microseconds in 32 bits (GPIO_V2_LINE_ATTR_ID_DEBOUNCE in linux/gpio.h): 71 minutes.
    static let longestDebounce = Duration.microseconds(UInt32.max)

    /// - Throws: ``GPIOError`` for what no chip could do.
    static func check(_ mode: LineMode, chip: String, lines: Int, offsets: [Int]) throws(GPIOError) {
        guard (1...maximumCount).contains(offsets.count) else {
            throw .invalidCount(chip: chip, count: offsets.count, needed: 1...maximumCount)
        }
        for (index, offset) in offsets.enumerated() {
            guard offset >= 0, offset < lines else { throw .noSuchLine(chip: chip, offset: offset, lines: lines) }
            if offsets[..<index].contains(offset) { throw .repeatedLine(chip: chip, offset: offset) }
        }
        if case .input(let options, _) = mode, !(.zero...longestDebounce).contains(options.debounce) {
            throw .invalidDebounce(chip: chip, offset: offsets[0], options.debounce)
        }
    }

    /// Consumers are named by 31 bytes at most (GPIO_MAX_NAME_SIZE in linux/gpio.h, less the end mark).
    static func consumer(_ name: String, of program: String = Self.program) -> String {
        let full = name.isEmpty ? program : "\(program) \(name)"
        var scalars = full.unicodeScalars
        while scalars.reduce(0, { $0 + UTF8.width($1) }) > 31 { scalars.removeLast() }
        return String(scalars)
    }

    static let program: String = {
        let path = CommandLine.arguments.first ?? ""
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) }
        return name ?? "apus"
    }()
}

/// A GPIO chip of the kernel or a simulated one: what its lines are requested from, and what is known about them.
///
/// Only a name: nothing is open. Whether the chip exists shows when it is used.
public struct GPIOChip: Sendable {
    /// One of the machine's chips.
    public struct Description: Sendable, Hashable {
        /// Such as `gpiochip0`; the number may be another after the next boot.
        public let name: String
        /// As `gpiodetect` shows it, for example `pinctrl-bcm2711`.
        public let label: String
        public let lines: Int
    }

    private enum Backend: Sendable {
        case linux(label: String)
        case simulated(SimulatedGPIO)
    }

    private let backend: Backend

    /// A chip of the Linux kernel, by its label, because the numbers of chips change between kernels. Of several with the
    /// same label, as expanders of one type have, it is the one with the lowest number; the others have only their names,
    /// such as `gpiochip2`.
    public static func labelled(_ label: String) -> GPIOChip {
        GPIOChip(backend: .linux(label: label))
    }

    public static func simulated(_ chip: SimulatedGPIO) -> GPIOChip {
        GPIOChip(backend: .simulated(chip))
    }

    /// The kernel's chips, by their numbers.
    /// - Throws: ``GPIOError`` when one cannot be opened.
    public static func all() throws(GPIOError) -> [Description] {
        var chips: [Description] = []
        for path in LinuxChip.paths() {
            let chip = try LinuxChip(path: path)
            chips.append(Description(name: chip.name, label: chip.label, lines: chip.lines))
        }
        return chips
    }

    /// The machine's chip of a description.
    public init(_ description: Description, among chips: [Description]) {
        let isFirst = chips.first { $0.label == description.label }?.name == description.name
        self = .labelled(isFirst ? description.label : description.name)
    }

    private init(backend: Backend) {
        self.backend = backend
    }

    /// The line of a name (the device tree's `gpio-line-names`), on whichever of the kernel's chips it is.
    /// - Throws: ``GPIOError/noLineNamed(_:)``, ``GPIOError/ambiguousName(_:chips:)``, or why a chip cannot be read.
    public static func find(line name: String) throws(GPIOError) -> (chip: GPIOChip, offset: Int) {
        var found: [(label: String, offset: Int)] = []
        let chips = try all()
        for description in chips {
            let chip = GPIOChip(description, among: chips)
            found += offsets(named: name, among: try chip.lines()).map { (chip.label, $0) }
        }
        let line = try only(of: found, name)
        return (.labelled(line.label), line.offset)
    }

    private static func offsets(named name: String, among lines: [LineInfo]) -> [Int] {
        // Most lines have no name.
        name.isEmpty ? [] : lines.filter { $0.name == name }.map(\.offset)
    }

    private static func only(
        of found: [(label: String, offset: Int)], _ name: String
    ) throws(GPIOError) -> (label: String, offset: Int) {
        guard let first = found.first else { throw .noLineNamed(name) }
        guard found.count == 1 else { throw .ambiguousName(name, chips: found.map(\.label)) }
        return first
    }

    var isSimulated: Bool {
        if case .simulated = backend { true } else { false }
    }

    public var label: String {
        switch backend {
        case .linux(let label): label
        case .simulated(let chip): chip.label
        }
    }

    /// All lines of the chip as they are now, by their offsets.
    /// - Throws: ``GPIOError``.
    public func lines() throws(GPIOError) -> [LineInfo] {
        switch backend {
        case .linux(let label): try LinuxChip(label: label).infos()
        case .simulated(let chip): chip.infos()
        }
    }

    /// A line as it is now.
    /// - Throws: ``GPIOError``.
    public func line(_ offset: Int) throws(GPIOError) -> LineInfo {
        switch backend {
        case .linux(let label): try LinuxChip(label: label).info(of: offset)
        case .simulated(let chip): try chip.info(of: offset)
        }
    }

    /// The line of a name.
    /// - Throws: ``GPIOError/noLineNamed(_:)``, ``GPIOError/ambiguousName(_:chips:)``, or why the chip cannot be read.
    public func offset(named name: String) throws(GPIOError) -> Int {
        let label = label
        return try Self.only(of: Self.offsets(named: name, among: lines()).map { (label, $0) }, name).offset
    }

    /// Who takes lines and gives them back, from now on. Of this process's own requests too.
    /// - Parameter offsets: the lines to look at.
    /// - Throws: ``GPIOError``, or why the thread that waits cannot be started.
    public func changes(of offsets: [Int]) throws -> LineChanges {
        let (stream, continuation) = LineChangeStream.makeStream(
            bufferingPolicy: .bufferingNewest(LineChanges.capacity))
        let watch =
            switch backend {
            case .linux(let label): try LinuxLineWatch.start(chipLabel: label, offsets: offsets, continuation)
            case .simulated(let chip): try chip.watch(offsets, continuation)
            }
        return LineChanges(watch: watch, stream: stream)
    }

    func request(_ offsets: [Int], _ mode: LineMode) throws -> any LineRequest {
        switch backend {
        case .linux(let label): try LinuxLines(chipLabel: label, offsets: offsets, mode)
        case .simulated(let chip): try chip.request(offsets, mode)
        }
    }
}

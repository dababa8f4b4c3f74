/// A light the kernel knows (Documentation/leds/leds-class.rst), such as the Pi's own green one.
public struct LED: Sendable {
    static let folder = "class/leds"

    public let name: String
    private let sysfs: Sysfs

    private var path: String { "\(Self.folder)/\(name)" }

    /// - Parameter name: as ``names(on:)`` has it, such as `ACT`.
    /// - Throws: ``SysfsError/noDevice(folder:wanted:present:)``.
    public init(_ name: String, on sysfs: Sysfs) async throws {
        let present = try await Self.names(on: sysfs)
        guard present.contains(name) else {
            throw SysfsError.noDevice(folder: sysfs.place(Self.folder), wanted: name, present: present)
        }
        self.name = name
        self.sysfs = sysfs
    }

    /// The lights there are.
    /// - Throws: ``SysfsError``.
    public static func names(on sysfs: Sysfs) async throws -> [String] {
        do {
            return try await sysfs.list(folder)
        } catch {
            guard case .absent = error else { throw error }
            return []
        }
    }

    /// Takes the light from its trigger and lights it.
    /// - Parameter brightness: 0, off, to 1; what cannot be dimmed is on above 0.
    /// - Throws: ``SysfsError``.
    public func set(_ brightness: Double) async throws {
        guard brightness >= 0, brightness <= 1 else {
            throw SysfsError.invalidValue(
                path: sysfs.place(path), reason: "a brightness of \(brightness) cannot be, only 0 to 1")
        }
        try await set(brightness, sysfs)
    }

    /// What lights it, of ``triggers()``: such as `mmc0`, or `none`.
    /// - Throws: ``SysfsError``.
    public func setTrigger(_ trigger: String) async throws {
        let (_, known) = try await triggers()
        // The kernel says "invalid argument" only.
        guard known.contains(trigger) else {
            throw SysfsError.invalidValue(
                path: sysfs.place(path),
                reason: "it has no trigger \"\(trigger)\", only \(known.joined(separator: ", "))")
        }
        try await sysfs.write(trigger, to: "\(path)/trigger")
    }

    /// What lights it, and what could.
    /// - Throws: ``SysfsError``.
    public func triggers() async throws -> (active: String, known: [String]) {
        Self.triggers(try await sysfs.read("\(path)/trigger"))
    }

    /// Lets the kernel blink it, also when this process has ended. Takes the trigger `timer` (CONFIG_LEDS_TRIGGER_TIMER).
    /// - Parameters:
    ///   - on: how long it is lit, in whole milliseconds.
    ///   - off: how long it is dark, in whole milliseconds.
    /// - Throws: ``SysfsError``.
    public func blink(on: Duration, off: Duration) async throws {
        try await setTrigger("timer")
        try await sysfs.write("\(Self.milliseconds(on))", to: "\(path)/delay_on")
        try await sysfs.write("\(Self.milliseconds(off))", to: "\(path)/delay_off")
    }

    private func set(_ brightness: Double, _ sysfs: isolated Sysfs) throws(SysfsError) {
        // With a trigger a brightness would change the blinking only.
        if Self.triggers(try sysfs.read("\(path)/trigger")).active != "none" {
            try sysfs.write("none", to: "\(path)/trigger")
        }
        let maximum = try sysfs.integer("\(path)/max_brightness")
        let level = (brightness * Double(maximum)).rounded(.up)
        guard let level = Int(exactly: level) else {
            throw .malformed(path: sysfs.place("\(path)/max_brightness"), expected: "a level", found: "\(maximum)")
        }
        try sysfs.write("\(level)", to: "\(path)/brightness")
    }

    /// Of "none mmc0 [timer]": the active one is in brackets.
    static func triggers(_ text: String) -> (active: String, known: [String]) {
        var active = "none"
        let known = text.utf8.split(separator: UInt8(ascii: " ")).map { word in
            guard word.first == UInt8(ascii: "["), word.last == UInt8(ascii: "]"), word.count > 2 else {
                return String(decoding: word, as: UTF8.self)
            }
            active = String(decoding: word.dropFirst().dropLast(), as: UTF8.self)
            return active
        }
        return (active, known)
    }

    /// Clamped to what the kernel takes, unsigned long of 32 bits.
    private static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        guard seconds < 4_294_967 else { return 4_294_967_000 }
        return max(seconds, 0) * 1000 + max(attoseconds, 0) / 1_000_000_000_000_000
    }
}

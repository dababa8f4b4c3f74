/// A channel of a PWM controller of the kernel (Documentation/driver-api/pwm.rst, sysfs interface).
///
/// The controller goes on by itself, also when this process has ended: who drives a motor or a heater with it stops it
/// when the app starts, too.
public struct PWMOutput: Sendable {
    /// Which part of a period is the active one.
    public enum Polarity: String, Sendable, Hashable {
        /// High for the duty cycle.
        case normal
        /// Low for the duty cycle.
        case inversed
    }

    static let chips = "class/pwm"

    /// Nanoseconds, of a channel that has none yet: a millisecond, which is within what PWM controllers can.
    private static let firstPeriod = 1_000_000

    private let sysfs: Sysfs
    private let chip: String
    private let channel: Int

    private var folder: String { "\(chip)/pwm\(channel)" }

    /// Takes a channel and stops it. One that is already taken, as after a crash of this process, is taken over.
    /// - Parameters:
    ///   - channel: its number in the controller, from 0.
    ///   - chip: the controller's name, such as `pwmchip0`, or its device's, such as `fe20c000.pwm`: the first may be another
    ///     one after the next boot.
    ///   - polarity: which part of a period is the active one.
    /// - Throws: ``SysfsError``.
    public init(channel: Int, of chip: String, polarity: Polarity = .normal, on sysfs: Sysfs) async throws {
        let path = try await Self.find(chip, on: sysfs)
        self.init(sysfs: sysfs, chip: path, channel: channel)
        try await take(polarity, sysfs)
    }

    private init(sysfs: Sysfs, chip: String, channel: Int) {
        self.sysfs = sysfs
        self.chip = chip
        self.channel = channel
    }

    /// Makes pulses from now on.
    /// - Parameters:
    ///   - frequency: periods per second, above 0.
    ///   - duty: the active part of a period, 0 to 1.
    /// - Throws: ``SysfsError``, also for what the controller cannot do.
    public func set(frequency: Double, duty: Double) async throws {
        guard frequency > 0, let period = Int64(exactly: (1e9 / frequency).rounded()), period > 0 else {
            throw SysfsError.invalidValue(path: sysfs.place(folder), reason: "no PWM has \(frequency) Hz")
        }
        try await set(period: .nanoseconds(period), duty: duty)
    }

    /// Makes pulses from now on.
    /// - Parameters:
    ///   - period: at least 1 ns.
    ///   - duty: the active part of a period, 0 to 1.
    /// - Throws: ``SysfsError``, also for what the controller cannot do.
    public func set(period: Duration, duty: Double) async throws {
        let (seconds, attoseconds) = period.components
        // 292 years, in nanoseconds, are no period either.
        guard (0...4_000_000_000).contains(seconds),
            case let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000,
            nanoseconds > 0, duty >= 0, duty <= 1
        else {
            throw SysfsError.invalidValue(
                path: sysfs.place(folder),
                reason: "a duty of \(duty) of \(period) cannot be; it is 0 to 1 of at least 1 ns")
        }
        try await apply(nanoseconds, Int64((Double(nanoseconds) * duty).rounded()), sysfs)
    }

    /// Ends the pulses; the line then has its inactive level, as far as the controller can.
    /// - Throws: ``SysfsError``.
    public func stop() async throws {
        try await sysfs.write("0", to: "\(folder)/enable")
    }

    /// Stops the channel and gives it back.
    /// - Throws: ``SysfsError``.
    public func release() async throws {
        try await stop()
        try await sysfs.write("\(channel)", to: "\(chip)/unexport")
    }

    private static func find(_ chip: String, on sysfs: isolated Sysfs) throws(SysfsError) -> String {
        let present = try sysfs.list(chips)
        for name in present where name == chip || sysfs.linkTarget("\(chips)/\(name)/device") == chip {
            return "\(chips)/\(name)"
        }
        throw .noDevice(folder: sysfs.place(chips), wanted: chip, present: present)
    }

    // Whole on the actor's thread: nobody else's writes come between.

    private func take(_ polarity: Polarity, _ sysfs: isolated Sysfs) throws(SysfsError) {
        let count = try sysfs.integer("\(chip)/npwm")
        guard (0..<count).contains(channel) else {
            throw .invalidValue(
                path: sysfs.place(chip), reason: "it has no channel \(channel), only 0 to \(count - 1)")
        }
        if !sysfs.isReadable("\(folder)/enable") { try sysfs.write("\(channel)", to: "\(chip)/export") }
        try sysfs.write("0", to: "\(folder)/enable")
        // Not all controllers can do the other one; those that cannot have no file, and normal needs none.
        guard polarity != .normal || sysfs.isReadable("\(folder)/polarity"),
            try sysfs.read("\(folder)/polarity") != polarity.rawValue
        else { return }
        // The Pi's takes nothing without a period, also while it is stopped (linux/drivers/pwm/pwm-bcm2835.c).
        if try sysfs.integer("\(folder)/period") == 0 {
            try sysfs.write("\(Self.firstPeriod)", to: "\(folder)/period")
        }
        try sysfs.write(polarity.rawValue, to: "\(folder)/polarity")
    }

    private func apply(_ period: Int64, _ active: Int64, _ sysfs: isolated Sysfs) throws(SysfsError) {
        // At no moment may the active part be longer than the period, which the kernel refuses.
        let isGrowing = period >= Int64(try sysfs.integer("\(folder)/period"))
        if isGrowing { try sysfs.write("\(period)", to: "\(folder)/period") }
        try sysfs.write("\(active)", to: "\(folder)/duty_cycle")
        if !isGrowing { try sysfs.write("\(period)", to: "\(folder)/period") }
        try sysfs.write("1", to: "\(folder)/enable")
    }
}

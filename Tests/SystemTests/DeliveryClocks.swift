/// What the clocks of a device can have shown, by the host's own clock, and whether the times of its readings fit.
///
/// A device says the time of a reading only while somebody vouches for its clock, and here that is done by whoever sets it. So
/// a time is that of some setting of the clock in the reading's boot, and as much later or earlier as the boot lasted.
/// All times are in seconds, moments those of the host since 1970.
struct DeliveryClocks: Sendable {
    /// A reading's.
    enum Time: Hashable, Sendable {
        /// Since 1970, by the device's clock.
        case absolute(Double)
        /// To the moment at which it was sent, not above 0: the device did not know the time.
        case relative(Double)
    }

    /// What a list of times has wrong: the values of the first readings with that.
    struct Flaws: Hashable, Sendable {
        /// No setting of the clock explains the time.
        var impossible: Int?
        /// An earlier reading has a later time, by the same setting of the clock.
        var backwards: Int?
    }

    private struct Setting {
        var time: Double
        /// It was set some time between these.
        var earliest: Double
        var latest: Double
    }

    private struct Boot {
        var start: Double
        /// It was over then, at the latest; nil for the one that runs.
        var end: Double?
        var settings: [Setting] = []
    }

    /// Generous: between its two looks at clocks for one reading a busy device may pause.
    private static let tolerance = 60.0

    private var boots: [String: Boot] = [:]
    private var current: String?

    /// A boot is there, and the one before is over.
    /// - Parameters:
    ///   - boot: the beginning of its id, as in ``DeliveryJudgement/Series``.
    ///   - start: before it began.
    ///   - moment: now.
    mutating func booted(_ boot: String, since start: Double, at moment: Double) {
        ended(at: moment)
        boots[boot] = Boot(start: start)
        current = boot
    }

    /// The boot that ran is over.
    mutating func ended(at moment: Double) {
        if let current { boots[current]?.end = moment }
        current = nil
    }

    /// The clock of the boot that runs was set, some time between two moments. Whether somebody vouches for it does not
    /// matter: the device may still have been told so for the clock before.
    mutating func wereSet(to time: Double, between earliest: Double, and latest: Double) {
        guard let current else { return }
        boots[current]?.settings.append(Setting(time: time, earliest: earliest, latest: latest))
    }

    /// - Parameter times: of readings of one sensor in one boot, in their order.
    func flaws(_ times: [(value: Int, time: Time)], in boot: String) -> Flaws {
        var flaws = Flaws()
        var newest: [Int: Double] = [:]
        let tolerance = backwardsTolerance(boot)
        for (value, time) in times {
            switch time {
            case .relative(let time):
                let isPossible = time <= Self.tolerance && -time <= age + Self.tolerance
                if !isPossible { flaws.impossible = flaws.impossible ?? value }
            case .absolute(let time):
                guard let setting = setting(of: time, in: boot) else {
                    flaws.impossible = flaws.impossible ?? value
                    continue
                }
                // Only by one and the same setting: a reading without a time gets it when it is sent, by the clock of then.
                if let last = newest[setting], time < last - tolerance { flaws.backwards = flaws.backwards ?? value }
                newest[setting] = max(newest[setting] ?? time, time)
            }
        }
        return flaws
    }

    /// Which setting explains a time.
    private func setting(of time: Double, in boot: String) -> Int? {
        guard let boot = boots[boot] else { return nil }
        return boot.settings.firstIndex { setting in
            let first = boot.start + (setting.time - setting.latest) - Self.tolerance
            let last = (boot.end ?? .infinity) + (setting.time - setting.earliest) + Self.tolerance
            return first <= time && time <= last
        }
    }

    /// Two settings to the right time are one here, and how long each took is not known.
    private func backwardsTolerance(_ boot: String) -> Double {
        Self.tolerance + (boots[boot]?.settings.map { $0.latest - $0.earliest }.max() ?? 0)
    }

    /// From the first boot's beginning to the last one's end.
    private var age: Double {
        guard let start = boots.values.map(\.start).min() else { return .infinity }
        return (boots.values.map { $0.end ?? .infinity }.max() ?? .infinity) - start
    }
}

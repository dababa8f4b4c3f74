internal import Device
internal import Supervision

/// When the firmware is healthy, and may be confirmed (docs/boot-state.md).
struct HealthRules: Sendable {
    /// How long every permanent child must have run. `health.stable`, in seconds.
    var stableTime = Duration.seconds(10)
    /// How long the app must have run to be healthy without a broker: a device must not lose its update because of a
    /// network that is down. `health.offline`, in seconds.
    var offlineTime = Duration.seconds(300)
    /// Children that need not run, by id: a sensor that this device lacks, for one. `health.ignore`, separated by commas.
    var ignored: Set<String> = []

    init() {}

    /// What the configuration says; a value that is no number of seconds from 0 to a day counts for nothing.
    init(_ config: Configuration) {
        func seconds(_ key: String) -> Duration? {
            config[key].flatMap { Int($0) }.flatMap { (0...86_400).contains($0) ? .seconds($0) : nil }
        }
        stableTime = seconds("health.stable") ?? stableTime
        offlineTime = seconds("health.offline") ?? offlineTime
        ignored = Set(config.list("health.ignore"))
    }

    /// What is not as it should be, in words; nil when the firmware is healthy.
    ///
    /// - Parameters:
    ///   - areBrokersConnected: nil when there are none to connect to.
    ///   - uptime: of the app.
    func problem(_ tree: SupervisorSnapshot, areBrokersConnected: Bool?, uptime: Duration) -> String? {
        for child in tree.children where child.restart == .permanent && !ignored.contains(child.id) {
            guard child.state == .running, let age = child.uptime else { return "\(tree.id)/\(child.id) does not run" }
            if age < stableTime { return "\(tree.id)/\(child.id) has not run long enough" }
            if let below = child.supervisor,
                let problem = problem(below, areBrokersConnected: nil, uptime: uptime)
            {
                return problem
            }
        }
        // Before the first child is started there is none.
        if tree.children.isEmpty, uptime < stableTime { return "\(tree.id) has not run long enough" }
        if areBrokersConnected == false, uptime < offlineTime { return "the broker is not connected" }
        return nil
    }
}

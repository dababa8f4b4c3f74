/// The bounds that the figures are to keep, all of them. A figure that misses its bound is told and fails nothing: these
/// are measurements on whatever machine it is, and a gate that fails by chance is soon ignored.
struct Must: Encodable {
    enum Of: String, Encodable {
        /// Ours over the peer's in the same run.
        case ratio
        /// Our own, in the figure's unit.
        case ours
    }

    let of: Of
    var atMost: Double?
    var atLeast: Double?

    static let all: [String: Must] = [
        // A restart under OTP kills an isolated process and waits for its successor's acknowledgement; ours has neither
        // to pay for, so being as good is not enough.
        "restart.1.p50": Must(of: .ratio, atMost: 0.5),
        // OTP looks for the dead child among all of them.
        "restart.1000.p50": Must(of: .ratio, atMost: 0.25),
        "child.bytes": Must(of: .ratio, atMost: 1),
        "fanin.cpu": Must(of: .ratio, atMost: 0.125),
        "periodic.late.p99": Must(of: .ratio, atMost: 0.5),
        "periodic.cpu": Must(of: .ratio, atMost: 0.25),
        // Linear is 10; the rest is for caches and page faults.
        "startstop.scaling": Must(of: .ours, atMost: 12),
        "startstop.dynamic.scaling": Must(of: .ours, atMost: 12),
        "cell.restart.p50": Must(of: .ours, atMost: 20),
        "bundle.create.cpu": Must(of: .ratio, atMost: 1),
        "bundle.apply.cpu": Must(of: .ratio, atMost: 1),
        // 16 MB: beside an app on the smallest board.
        "bundle.apply.rss": Must(of: .ours, atMost: 16e6),
        // Of the whole bundle; the peers' is the whole.
        "fetch.constant": Must(of: .ratio, atMost: 0.005),
        "fetch.function": Must(of: .ratio, atMost: 0.02),
        // Told; never more than the whole.
        "fetch.kernel": Must(of: .ratio, atMost: 1),
        "fetch.pointrelease": Must(of: .ratio, atMost: 1),
        // Of the slot image.
        "card.function": Must(of: .ratio, atMost: 0.05),
        "outbox.insert.100": Must(of: .ratio, atLeast: 0.8),
        "outbox.insert.1000": Must(of: .ratio, atLeast: 0.8),
        "outbox.insert.100.cpu": Must(of: .ratio, atMost: 2),
        "outbox.insert.1000.cpu": Must(of: .ratio, atMost: 2),
        "flash.bytes": Must(of: .ours, atMost: 400),
        "mqtt.acked": Must(of: .ratio, atLeast: 0.8),
        "latency.p50": Must(of: .ratio, atMost: 2),
        "latency.p99": Must(of: .ratio, atMost: 2),
        "backlog.rate": Must(of: .ratio, atLeast: 0.8),
        "backlog.rss": Must(of: .ours, atMost: 4e6),
        "wire.cbor": Must(of: .ours, atMost: 25),
        "i2c.transfer": Must(of: .ratio, atMost: 1.25),
        "gpio.edges.lost": Must(of: .ours, atMost: 0),
        "gpio.edge.cpu": Must(of: .ratio, atMost: 2),
        "sensors.200.missed": Must(of: .ours, atMost: 0),
    ]

    /// - Parameters:
    ///   - ours: the figure's median.
    ///   - ratio: the median of its ratios, nil without a peer.
    func isHeld(ours: Double, ratio: Double?) -> Bool {
        guard let value = of == .ratio ? ratio : ours else { return false }
        return value <= atMost ?? .infinity && value >= atLeast ?? -.infinity
    }
}

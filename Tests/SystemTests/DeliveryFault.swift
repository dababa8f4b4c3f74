/// What goes wrong around a device that delivers readings.
enum DeliveryFault: String, CaseIterable {
    case linkDown = "the link is down"
    case portClosed = "nobody listens"
    case slow = "the way to the broker is slow"
    case silent = "the way to the broker is silent"
    case brokerKilled = "the broker is killed"
    case brokerStopped = "the broker is stopped"
    case turnedAway = "the broker wants credentials"
    case untrusted = "the broker's authority is another"
    case wrongName = "the broker's certificate is of another name"
    case expired = "the broker's certificate has expired"
    case diskFull = "the disk is full"
    case wrongClock = "the clock jumps"
    case appKilled = "the app is killed"
    case bitsFlipped = "bits of the outbox are flipped"
    case powerCut = "the power is cut"
    case rebooted = "the device is rebooted"

    /// What can be in one bad state at a time, beside the others.
    enum Place: CaseIterable {
        case link, way, broker, disk, clock
    }

    /// nil for what is over in a moment.
    var place: Place? {
        switch self {
        case .linkDown: .link
        case .portClosed, .slow, .silent: .way
        case .brokerKilled, .brokerStopped, .turnedAway, .untrusted, .wrongName, .expired: .broker
        case .diskFull: .disk
        case .wrongClock: .clock
        case .appKilled, .bitsFlipped, .powerCut, .rebooted: nil
        }
    }

    /// What the console says of it, when all else is in order.
    var sentence: String? {
        switch self {
        case .turnedAway: "refuses the connection"
        case .untrusted: "unable to get local issuer certificate"
        case .wrongName: "IP address mismatch"
        case .expired: "certificate has expired, by this device's clock"
        case .diskFull: "the disk takes no readings"
        default: nil
        }
    }

    /// Whether the device is not connected in the end, whatever else is wrong. A slow way keeps the connection, and whether
    /// a wrong clock ends it depends on which one it is.
    var endsConnection: Bool {
        switch place {
        case .link, .broker: true
        case .way: self != .slow
        case .disk, .clock, nil: false
        }
    }

    /// The certificate the broker then has.
    var manner: RecordingBroker.Manner? {
        switch self {
        case .turnedAway: .wantsCredentials
        case .untrusted: .certificate("untrusted")
        case .wrongName: .certificate("wrong-name")
        case .expired: .certificate("expired")
        default: nil
        }
    }
}

/// What happens in a trial, one after the other.
enum DeliveryStep {
    case begin(DeliveryFault)
    /// As `begin`, and the console says what is wrong.
    case beginAndRead(DeliveryFault)
    case heal(DeliveryFault.Place)
    /// As `heal`, and the console says so.
    case healAndRead(DeliveryFault.Place, String)
    /// The app says that it is not connected.
    case disconnected
    /// What is stored at once is stored again, unless the disk is full; where nothing is wrong, the device is connected.
    case goOn
    /// The device works for so many seconds.
    case work(Double)
    /// The sensors pause that have each reading stored at once, until the next start: what the others read is then written
    /// when the window of durability ends.
    case rest
    /// The app says that numbers are missing for a reason (`OutboxGap.Reason`), and some seconds later that more are.
    case missing(String)
    /// All sensors pause, until all is delivered or the next start.
    case quiet
    /// All is put right, and delivered while the sensors pause.
    case deliverAll
    /// Cut while it starts, so many seconds after power-on, next time it is powered on.
    case cutStart(Double)

    /// Each fault once, alone or with what makes it matter; in some order.
    static func eachOnce(using random: inout Random) -> [DeliveryStep] {
        let alone: [[DeliveryStep]] = [
            .linkDown, .portClosed, .slow, .silent, .brokerKilled, .brokerStopped, .turnedAway, .untrusted, .wrongName,
            .expired, .wrongClock,
        ].map { (fault: DeliveryFault) in
            let begin: [DeliveryStep] =
                if fault.sentence != nil { [.beginAndRead(fault)] } else if fault.endsConnection {
                    [.begin(fault), .disconnected]
                } else {
                    [.begin(fault)]
                }
            return begin + [.work(2)] + (fault.place.map { [.heal($0)] } ?? [])
        }
        // The board's own clock may be wrong after a reboot, which later sentences of the console would not fit.
        let momentary: [[DeliveryStep]] = [[.begin(.appKilled)], [.begin(.rebooted), .heal(.clock)]]
        let away: [DeliveryStep] = [.begin(.portClosed), .disconnected]
        let combined: [[DeliveryStep]] = [
            away + [
                .beginAndRead(.diskFull), .work(2), .healAndRead(.disk, "the disk takes readings again"), .heal(.way),
            ],
            // Long enough that much more is waiting than a flipped bit may cost.
            away + [.work(20), .begin(.bitsFlipped), .work(2), .goOn, .heal(.way)],
            away + [.work(4), .begin(.powerCut), .work(2), .goOn, .heal(.way)],
            [.rest] + away + [.work(12), .begin(.powerCut), .work(2), .heal(.way)],
            [.begin(.powerCut), .cutStart(.random(in: 0...10, using: &random))],
        ]
        return (alone + momentary + combined).shuffled(using: &random).flatMap { $0 + [.goOn, .work(1)] }
    }

    /// What a device with small bounds (`DeliveryBounds.small`) cannot keep: while the broker is away and the disk is
    /// full, and while only the broker is away. In this order, for a file that was once full needs nothing of the disk
    /// any more; and in two processes, so that the second one's disk is beyond doubt.
    static let beyondBounds: [DeliveryStep] = [
        .goOn, .begin(.portClosed), .disconnected, .beginAndRead(.diskFull), .missing("memory"), .quiet,
        .healAndRead(.disk, "the disk takes readings again"), .deliverAll, .goOn,
        .begin(.rebooted), .heal(.clock), .goOn, .begin(.portClosed), .disconnected, .missing("full"), .quiet,
        .deliverAll, .goOn, .work(1),
    ]

    /// Faults at random, and after some of them all is delivered, so that it is known what can have waited before.
    static func randomWithPauses(_ count: Int, using random: inout Random) -> [DeliveryStep] {
        var steps: [DeliveryStep] = []
        for done in stride(from: 0, to: count, by: 10) {
            steps += Self.random(min(10, count - done), using: &random) + [.deliverAll]
        }
        return steps
    }

    /// Some faults at random, several at a time.
    static func random(_ count: Int, using random: inout Random) -> [DeliveryStep] {
        var steps: [DeliveryStep] = []
        var present: Set<DeliveryFault.Place> = []
        for _ in 0..<count {
            let fault = DeliveryFault.allCases.randomElement(using: &random) ?? .powerCut
            if let place = fault.place, present.remove(place) != nil {
                steps.append(.heal(place))
                if Bool.random(using: &random) { steps.append(.work(.random(in: 0...3, using: &random))) }
            }
            if Int.random(in: 0..<5, using: &random) == 0 { steps.append(.rest) }
            steps.append(.begin(fault))
            // Not each time: faults that are over before they are noticed, or come one upon the other, are to be there, too.
            if fault.endsConnection, Int.random(in: 0..<4, using: &random) == 0 { steps.append(.disconnected) }
            if let place = fault.place { present.insert(place) }
            // A new machine.
            if fault == .powerCut { present.subtract([.link, .clock]) }
            if fault == .rebooted { present.remove(.clock) }
            if fault == .powerCut, Int.random(in: 0..<4, using: &random) == 0 {
                steps.append(.cutStart(.random(in: 0...10, using: &random)))
            }
            steps.append(.work(.random(in: 0...4, using: &random)))
            // Otherwise, in the long run, nothing is ever delivered.
            if let place = DeliveryFault.Place.allCases.filter(present.contains).randomElement(using: &random),
                Int.random(in: 0..<3, using: &random) == 0
            {
                present.remove(place)
                steps += [.heal(place), .work(.random(in: 0...3, using: &random))]
            }
            if Bool.random(using: &random) { steps.append(.goOn) }
        }
        return steps
    }
}

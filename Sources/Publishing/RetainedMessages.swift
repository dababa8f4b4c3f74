/// The latest message for each of some topics, and which of them the broker has yet to get.
///
/// They are taken in rounds: each topic that had changed when a round began has its turn before any has another one.
struct RetainedMessages {
    /// Far more series than a device has; bounds what names that keep changing would take.
    static let maximumCount = 4096

    private var payloads: [String: [UInt8]] = [:]
    /// In the order of their first setting: what announces a series goes before what it shows.
    private var topics: [String] = []
    private var changed: Set<String> = []
    /// What of the present round was not yet taken, all of it changed.
    private var round: ArraySlice<String> = []

    var hasChanges: Bool { !changed.isEmpty }

    /// - Returns: false when there are too many topics already.
    mutating func set(_ payload: [UInt8], on topic: String) -> Bool {
        if let old = payloads[topic] {
            if old == payload { return true }
        } else {
            guard topics.count < Self.maximumCount else { return false }
            topics.append(topic)
        }
        payloads[topic] = payload
        changed.insert(topic)
        return true
    }

    /// Another broker, or one that forgot.
    mutating func setAllChanged() {
        changed = Set(topics)
        round = []
    }

    /// Goes on with the round, or begins another one when it was over.
    /// - Parameter count: messages at most.
    /// - Returns: the messages, and whether they are the round's last.
    mutating func takeChanges(upTo count: Int) -> (messages: [(topic: String, payload: [UInt8])], isRoundOver: Bool) {
        if round.isEmpty { round = topics.filter(changed.contains)[...] }
        let taken = round.prefix(count)
        round = round.dropFirst(count)
        changed.subtract(taken)
        let messages = taken.map { (topic: $0, payload: payloads[$0] ?? []) }
        return (messages, round.isEmpty)
    }
}

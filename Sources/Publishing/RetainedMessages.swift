/// The latest message for each of some topics, and which of them the broker has yet to get.
struct RetainedMessages {
    /// Far more series than a device has; bounds what names that keep changing would take.
    static let maximumCount = 4096

    private var payloads: [String: [UInt8]] = [:]
    /// In the order of their first setting: what announces a series goes before what it shows.
    private var topics: [String] = []
    private var changed: Set<String> = []

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
    }

    mutating func takeChanges() -> [(topic: String, payload: [UInt8])] {
        let taken = topics.filter(changed.contains).map { ($0, payloads[$0] ?? []) }
        changed = []
        return taken
    }
}

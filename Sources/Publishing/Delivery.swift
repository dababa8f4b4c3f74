/// How far a transport is: what is acknowledged, what is in flight, what was refused.
///
/// Messages cover consecutive numbers. Several are in flight; they may be acknowledged in any order.
struct Delivery: Sendable {
    private struct Message {
        let number: UInt64
        let first: UInt64
        let last: UInt64
        let isGap: Bool
    }

    /// What was refused too often.
    enum GivenUp: Sendable, Hashable {
        /// In its place goes a gap.
        case reading(UInt64)
        /// It counts as delivered.
        case gap(first: UInt64, last: UInt64)
    }

    /// Numbers to be sent once more, for the message they were in was refused.
    struct Retry: Sendable, Hashable {
        let first: UInt64
        let last: UInt64
    }

    /// Everything up to this number is acknowledged, or was given up.
    private(set) var cursor: UInt64
    /// The first number that was not yet sent over this connection.
    private(set) var next: UInt64
    private var messages: [Message] = []
    private var retries: [Retry] = []
    /// For single readings and the first numbers of gaps: how often they were refused.
    private var refusals: [UInt64: Int] = [:]
    /// Readings behind the cursor that were given up: a gap goes in their places, over the next connection, too.
    private var condemned: Set<UInt64> = []
    private var lastNumber: UInt64 = 0

    /// How often a reading is sent that is refused each time.
    static let mostRefusals = 3

    init(cursor: UInt64) {
        self.cursor = cursor
        next = cursor + 1
    }

    /// Messages in flight.
    var count: Int { messages.count }

    /// Whether a reading was refused before, by itself.
    func isRefused(_ number: UInt64) -> Bool { refusals[number] != nil }

    /// Whether a gap goes in the place of a reading.
    func isCondemned(_ number: UInt64) -> Bool { condemned.contains(number) }

    /// Gives readings up that were before.
    mutating func condemn(_ numbers: some Sequence<UInt64>) {
        condemned.formUnion(numbers.filter { $0 > cursor })
    }

    /// What is to be sent before anything else.
    var retry: Retry? { retries.first }

    /// Puts numbers into flight: those of ``retry``, or from ``next`` on.
    /// - Parameter isGap: whether it is a gap, which cannot be sent in parts.
    /// - Returns: the message's number.
    mutating func send(_ first: UInt64, _ last: UInt64, isGap: Bool = false) -> UInt64 {
        if let retry, retry.first <= first, first <= retry.last {
            retries.removeFirst()
            // Only a part of it may have found room in the message.
            if last < retry.last { retries.insert(Retry(first: last + 1, last: retry.last), at: 0) }
        } else {
            next = max(next, last + 1)
        }
        lastNumber &+= 1
        messages.append(Message(number: lastNumber, first: first, last: last, isGap: isGap))
        return lastNumber
    }

    /// The receiver has the message. An unknown number changes nothing.
    /// - Returns: its numbers.
    mutating func acknowledge(_ number: UInt64) -> ClosedRange<UInt64>? {
        guard let message = remove(number) else { return nil }
        for reading in refusals.keys where (message.first...message.last).contains(reading) { refusals[reading] = nil }
        advance()
        return message.first...message.last
    }

    /// The receiver refused the message, which is sent again in two halves, a single reading or a gap as it is.
    /// - Returns: what was refused too often.
    mutating func reject(_ number: UInt64) -> GivenUp? {
        guard let message = remove(number) else { return nil }
        var given: GivenUp?
        if message.first == message.last || message.isGap {
            refusals[message.first, default: 0] += 1
            if refusals[message.first] == Self.mostRefusals {
                refusals[message.first] = nil
                if !message.isGap {
                    condemned.insert(message.first)
                    retries.append(Retry(first: message.first, last: message.last))
                    given = .reading(message.first)
                } else {
                    given = .gap(first: message.first, last: message.last)
                }
            } else {
                retries.append(Retry(first: message.first, last: message.last))
            }
        } else {
            let middle = message.first + (message.last - message.first) / 2
            retries += [Retry(first: message.first, last: middle), Retry(first: middle + 1, last: message.last)]
        }
        advance()
        return given
    }

    /// Begins anew behind a number.
    mutating func move(to cursor: UInt64) {
        self.cursor = cursor
        refusals = [:]
        condemned = []
        reset()
    }

    /// The connection is gone: what was in flight is sent again over the next one.
    mutating func reset() {
        messages = []
        retries = []
        next = cursor + 1
    }

    private mutating func remove(_ number: UInt64) -> Message? {
        messages.firstIndex { $0.number == number }.map { messages.remove(at: $0) }
    }

    private mutating func advance() {
        let open = messages.map(\.first) + retries.map(\.first)
        cursor = max(cursor, min(open.min() ?? next, next) - 1)
        if !condemned.isEmpty { condemned = condemned.filter { $0 > cursor } }
    }
}

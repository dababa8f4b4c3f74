internal import Supervision

/// What the network thread needs to know.
struct MQTTSettings: Sendable {
    let broker: BrokerURL

    /// The broker closes the older of two connections with the same id.
    let clientID: String
    let topic: String

    /// The delays between attempts. The first ones are short because the network of a booting board is a second or two
    /// away; 30 s bound what a dead broker costs, and `NetworkChanges` cuts the wait when the network comes back.
    var retry = Backoff(initial: .milliseconds(100), maximum: .seconds(30), resetAfter: .seconds(10), jitter: 0.5)

    /// How long a host may take to answer our CONNECT, in milliseconds: several round trips of the worst mobile network.
    var answerMilliseconds = 10_000
}

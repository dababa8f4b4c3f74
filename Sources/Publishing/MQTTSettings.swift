internal import HTTP
internal import Supervision

/// What the network thread needs to know.
package struct MQTTSettings: Sendable {
    /// Tried in turn; at least one.
    let brokers: [BrokerURL]

    /// The broker closes the older of two connections with the same id.
    let clientID: String

    /// Where the broker keeps whether this device is there; nil for nowhere.
    var status: Status?

    var tls = TLSOptions()

    /// Seconds after which a silent connection is asked for a sign of life (MQTT 5, section 3.1.2.10), 5 to 65,535. A
    /// broker that is gone without a word is noticed after at most twice that.
    var keepAlive: UInt16 = 30

    /// Seconds for which the broker keeps our session when the connection is lost (MQTT 5, section 3.1.2.11.2). It holds
    /// nothing that we need, we send again what was not acknowledged; but the will can wait only as long.
    var sessionExpiry: UInt32 = 60

    /// Seconds for which the broker waits for us to come back before it publishes the will (MQTT 5, section 3.1.3.2.2).
    var willDelay: UInt32 = 5

    /// The delays between attempts. The first ones are short because the network of a booting board is a second or two
    /// away; 30 s bound what a dead broker costs, and `NetworkChanges` cuts the wait when the network comes back.
    var retry = Backoff(initial: .milliseconds(100), maximum: .seconds(30), resetAfter: .seconds(10), jitter: 0.5)

    /// How long a host may take to answer at all, in milliseconds: the kernel asks it four times in that.
    var connectMilliseconds = 10_000

    /// How long a host may take to answer our CONNECT, in milliseconds: several round trips of the worst mobile network.
    var answerMilliseconds = 10_000

    /// How long a broker that has turned a message away may take to take another one, in milliseconds: then it is the
    /// message's fault, otherwise ours.
    var judgementMilliseconds = 1000

    /// Finds the addresses of a host; another one in tests.
    var search: Resolver.Search = { Resolver.systemSearch($0, $1) }

    package init(brokers: [BrokerURL], clientID: String) {
        self.brokers = brokers
        self.clientID = clientID
    }

    /// A retained message that is `online` while there is a connection, and otherwise `offline`.
    struct Status: Sendable, Hashable {
        /// What Home Assistant expects by default.
        static let (online, offline) = ("online", "offline")

        let topic: String
    }
}

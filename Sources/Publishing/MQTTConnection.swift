internal import Threads

/// A connection to a broker that is opened again whenever it is lost, until this object is released.
///
/// A thread of its own does all of it, because finding the host and connecting block for seconds. It alone touches
/// libmosquitto, waiting in poll(2) for the socket and for the publisher at once. The library's own thread
/// (mosquitto_loop_start) was weighed: it retries in whole seconds, cannot be woken by the network's return, and shares
/// its client with the caller.
package final class MQTTConnection: Sendable {
    package let exchange: MQTTExchange

    /// Starts at once and returns at once; whether a broker is there shows in the exchange.
    /// - Parameter report: takes every change of a broker's state, and the broker's address, on the network thread.
    /// - Throws: why the thread cannot be started.
    package init(_ settings: MQTTSettings, report: @escaping @Sendable (BrokerState, String) -> Void) throws {
        let exchange = try MQTTExchange()
        let thread = try DedicatedThread(name: "mqtt") {
            var loop = MQTTLoop(settings, exchange, report: report)
            loop.run()
        }
        // Nobody joins it: the resolver may hold it for many seconds, and nothing can interrupt that.
        thread.detach()
        self.exchange = exchange
    }

    deinit {
        exchange.stop()
    }
}

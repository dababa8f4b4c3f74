/// How a sensor is at one moment.
public struct SensorStatus: Sendable, Equatable {
    public enum State: String, Sendable {
        case starting
        case running
        /// Failed, and not running again yet.
        case restarting
        case stopping
        case stopped
        /// Its supervisor is in another process, which alone knows.
        case unknown
    }

    /// The last of one quantity.
    public struct Value: Sendable, Equatable {
        public enum Content: Sendable, Equatable {
            case number(Double)
            case bool(Bool)
        }

        public var quantity: String
        /// The symbol in the SenML registry; nil for a truth value.
        public var unit: String?
        public var content: Content
        /// Since it was measured.
        public var age: Duration

        public init(quantity: String, unit: String?, content: Content, age: Duration) {
            self.quantity = quantity
            self.unit = unit
            self.content = content
            self.age = age
        }
    }

    /// Since the app began.
    public struct Counts: Sendable, Equatable {
        public var measurements = 0
        /// Samples that were not taken because the one before took too long.
        public var missed = 0
        /// Measurements that could not be.
        public var rejected = 0
        /// Measurements that were hardly new.
        public var heldBack = 0
        /// Events such as edges that came and were not taken in time, at least.
        public var lost = 0
        /// Starts and runs that ended with an error.
        public var errors = 0

        public init() {}
    }

    public var id: String
    public var state: State
    /// Until it is started again; nil while it does not wait for that.
    public var restartsIn: Duration?
    public var restarts = 0
    /// Of its own, when it runs in a cell.
    public var process: Int32?
    /// What it last failed with, in words.
    public var lastError: String?
    public var values: [Value] = []
    /// Nil for a sensor in a cell, which alone counts.
    public var counts: Counts?

    public init(id: String, state: State) {
        self.id = id
        self.state = state
    }
}

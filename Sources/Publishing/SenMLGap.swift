extension SenML {
    /// Readings that were numbered and are no more: a receiver that misses these numbers need not wait for them.
    package struct Gap: Sendable, Hashable {
        /// The numbers that are missing, all of them.
        let numbers: ClosedRange<UInt64>
        /// Why, in one word, such as "full" or "restart".
        let reason: String
        /// When, in nanoseconds since 1970; nil when the clock was not synchronised.
        let wallTime: Int64?
    }
}

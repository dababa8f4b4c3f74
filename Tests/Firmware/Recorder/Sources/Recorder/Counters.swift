import Apus

/// A sensor whose readings go through the publisher's mailbox.
struct PostedCounter: PolledDriver {
    let id: String
    let tally: Tally

    func open() -> Tally { tally }

    func sample(_ tally: Tally) -> [Measurement] {
        tally.next(1, of: id).map { Measurement(.count, .number(Double($0))) }
    }
}

/// A sensor that waits until its readings are stored.
struct StoredCounter {
    let id: String
    let publisher: Publisher
    let tally: Tally

    /// - Parameter most: readings to store at once.
    func childSpec(every period: Duration, most: Int) -> ChildSpec {
        ChildSpec(id, backoff: Sensor.backoff) {
            {
                while true {
                    try await ContinuousClock().sleep(for: period)
                    if tally.isResting { continue }
                    let values = tally.next(.random(in: 1...most), of: id)
                    guard let last = values.last else { continue }
                    do {
                        try await publisher.store(
                            values.map { Reading(sensor: id, quantity: .count, value: .number(Double($0))) })
                        tally.stored(through: last, of: id)
                    } catch is NotStoredError {
                        tally.gaveUp(through: last, of: id)
                    }
                }
            }
        }
    }
}

extension Quantity {
    static let count = Quantity("count", unit: "count")
}

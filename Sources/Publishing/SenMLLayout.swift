internal import Sensors

extension SenML {
    /// Which records of a pack stand together.
    struct Layout {
        /// The readings of one sensor.
        struct Group {
            /// The index of its first reading, and of the latest one added.
            let first: Int
            fileprivate(set) var last: Int
            fileprivate(set) var sharesQuantity = true
            fileprivate(set) var sharesUnit = true
            /// Whether all have a unit.
            fileprivate(set) var hasUnit: Bool
            /// By how much the second reading's number is above the first one's, and how often that comes again.
            fileprivate(set) var step: UInt64 = 1
            fileprivate(set) var steps = 0
        }

        private(set) var groups: [Group] = []
        /// For each reading the index of its sensor's next, -1 after the last.
        private(set) var next: [Int]
        /// Whether each sensor's readings are to stand together, because that takes fewer bytes.
        let isGrouped: Bool

        /// - Parameter device: the device's id, which is repeated for each group.
        init(_ readings: [Reading], device: String) {
            next = Array(repeating: -1, count: readings.count)
            // Bytes of names; the keys before them count as 2 each.
            var apart = device.utf8.count
            var together = 0
            var numbers: [String: Int] = [:]
            for (index, reading) in readings.enumerated() {
                let quantity = reading.quantity.name.utf8.count
                apart += reading.sensor.utf8.count + quantity + 3
                if let number = numbers[reading.sensor] {
                    let former = groups[number]
                    if Self.add(index, of: readings, to: &groups[number]) {
                        // From here on each of its readings names its quantity, the first one too.
                        together += 2
                    }
                    if !groups[number].sharesQuantity { together += quantity + 2 }
                    next[former.last] = index
                } else {
                    numbers[reading.sensor] = groups.count
                    groups.append(Group(first: index, last: index, hasUnit: reading.quantity.unit != nil))
                    together += device.utf8.count + reading.sensor.utf8.count + quantity + 4
                }
            }
            isGrouped = together <= apart
        }

        /// - Returns: whether this is the first of the group with another quantity.
        private static func add(_ index: Int, of readings: [Reading], to group: inout Group) -> Bool {
            let (first, reading) = (readings[group.first], readings[index])
            let sharedQuantity = group.sharesQuantity
            if reading.quantity != first.quantity {
                if reading.quantity.name != first.quantity.name { group.sharesQuantity = false }
                if reading.quantity.unit != first.quantity.unit { group.sharesUnit = false }
                if reading.quantity.unit == nil { group.hasUnit = false }
            }
            let step = reading.sequence &- readings[group.last].sequence
            if group.last == group.first { group.step = step }
            if step == group.step { group.steps += 1 }
            group.last = index
            return sharedQuantity && !group.sharesQuantity
        }
    }
}

internal import Sensors

extension SenML {
    /// A pack while it is written: what its base fields say so far.
    struct Composition<Writer: SenMLWriter> {
        var writer: Writer

        private let device: String
        private let present: Present
        /// Whether there are records to share base fields. One alone is shorter without.
        private let isShared: Bool
        /// Microseconds; what the pack's times are relative to.
        private var baseTime: Int64 = 0
        private var baseSequence: UInt64 = 0
        private var unit: String?
        private var step: UInt64 = 1
        /// The number of the latest reading; nil before the first.
        private var lastSequence: UInt64?
        /// The name at hand, kept for its memory.
        private var name: [UInt8] = []

        /// - Parameter records: how many records will be appended.
        init(_ writer: Writer, records: Int, device: String, present: Present) {
            self.writer = writer
            self.device = device
            self.present = present
            isShared = records > 1
        }
    }
}

// Readings.
extension SenML.Composition {
    /// Appends the pack's readings, once and before its gaps.
    /// - Throws: when a value is infinite or not a number.
    mutating func append(_ readings: [Reading]) throws(SenML.NotFiniteError) {
        guard let first = readings.first else { return }
        if isShared {
            baseTime = microseconds(first)
            baseSequence = first.sequence
        }
        let layout = SenML.Layout(readings, device: device)
        guard isShared, layout.isGrouped else {
            let sharesUnit =
                isShared && first.quantity.unit != nil
                && readings.allSatisfy { $0.quantity.unit == first.quantity.unit }
            for reading in readings {
                writer.beginRecord()
                if isShared, lastSequence == nil {
                    startName()
                    writer.key(.baseName)
                    writer.name(name)
                }
                baseFields(first)
                if sharesUnit { baseUnit(first.quantity.unit) }
                startName(empty: isShared)
                appendName(reading.sensor)
                name.append(UInt8(ascii: "/"))
                appendName(reading.quantity.name)
                writer.key(.name)
                writer.name(name)
                try finish(reading, unit: sharesUnit ? nil : reading.quantity.unit)
            }
            return
        }
        // A base unit cannot be taken back: sensors that have none, or not always, come before it.
        for hasUnit in [false, true] {
            for group in layout.groups where (group.hasUnit && group.sharesUnit) == hasUnit {
                try append(group, of: readings, next: layout.next)
            }
        }
    }

    private mutating func append(
        _ group: SenML.Layout.Group, of readings: [Reading], next: [Int]
    ) throws(SenML.NotFiniteError) {
        let first = readings[group.first]
        var index = group.first
        while index >= 0 {
            let reading = readings[index]
            writer.beginRecord()
            if index == group.first {
                startName()
                appendName(first.sensor)
                name.append(UInt8(ascii: "/"))
                if group.sharesQuantity { appendName(first.quantity.name) }
                writer.key(.baseName)
                writer.name(name)
                baseFields(readings[0])
                if group.hasUnit, group.sharesUnit { baseUnit(first.quantity.unit) }
                // Two numbers saved are worth the field.
                if group.steps >= 2, group.step != step {
                    step = group.step
                    writer.key(.baseStep)
                    writer.integer(Int64(truncatingIfNeeded: step))
                }
            }
            if !group.sharesQuantity {
                startName(empty: true)
                appendName(reading.quantity.name)
                writer.key(.name)
                writer.name(name)
            }
            try finish(reading, unit: group.hasUnit && group.sharesUnit ? nil : reading.quantity.unit)
            index = next[index]
        }
    }

    /// The base fields of the pack, in its first record.
    private mutating func baseFields(_ first: Reading) {
        guard lastSequence == nil else { return }
        if baseTime != 0 {
            writer.key(.baseTime)
            writer.seconds(microseconds: baseTime)
        }
        if isShared {
            writer.key(.baseSequence)
            writer.integer(Int64(truncatingIfNeeded: baseSequence))
        }
        writer.key(.baseBoot)
        writer.text(first.bootID)
    }

    private mutating func baseUnit(_ unit: String?) {
        guard let unit, unit != self.unit else { return }
        self.unit = unit
        writer.key(.baseUnit)
        writer.text(unit)
    }

    /// The fields that each reading has, and the record's end.
    @inline(__always)
    private mutating func finish(_ reading: Reading, unit: String?) throws(SenML.NotFiniteError) {
        if let unit {
            writer.key(.unit)
            writer.text(unit)
        }
        switch reading.value {
        case .number(let value):
            guard value.isFinite else { throw SenML.NotFiniteError(sensor: reading.sensor) }
            writer.key(.value)
            writer.number(value)
        case .bool(let value):
            writer.key(.boolValue)
            writer.bool(value)
        }
        let time = microseconds(reading) - baseTime
        if time != 0 {
            writer.key(.time)
            writer.seconds(microseconds: time)
        }
        // Wrapping, for a number out of order gives a negative difference and the receiver's sum is right again.
        let isNext =
            lastSequence.map { $0 &+ step == reading.sequence } ?? (isShared && reading.sequence == baseSequence)
        lastSequence = reading.sequence
        if !isNext {
            writer.key(.sequence)
            writer.integer(Int64(truncatingIfNeeded: reading.sequence &- baseSequence))
        }
        if isOfEarlierBoot(reading) {
            writer.key(.uptime)
            writer.seconds(microseconds: Int64(clamping: reading.monotonicTime / 1000))
        }
        writer.endRecord()
    }

    private func microseconds(_ reading: Reading) -> Int64 {
        if let time = SenML.absoluteTime(reading) { return time / 1000 }
        // Before this boot, and nobody knows how long.
        let age =
            isOfEarlierBoot(reading)
            ? present.monotonicTime
            : present.monotonicTime >= reading.monotonicTime ? present.monotonicTime - reading.monotonicTime : 0
        return -Int64(clamping: age / 1000)
    }

    private func isOfEarlierBoot(_ reading: Reading) -> Bool {
        guard SenML.absoluteTime(reading) == nil, let boot = present.bootID else { return false }
        return boot != reading.bootID
    }
}

// Gaps.
extension SenML.Composition {
    mutating func append(_ gaps: [SenML.Gap]) {
        for (index, gap) in gaps.enumerated() {
            writer.beginRecord()
            if index == 0 {
                startName()
                appendName("outbox/gap")
                writer.key(isShared ? .baseName : .name)
                writer.name(name)
            }
            // Its own, because the base unit is the last sensor's.
            writer.key(.unit)
            writer.text("count")
            let count = gap.numbers.upperBound - gap.numbers.lowerBound
            writer.key(.value)
            writer.number(Double(count) + 1)
            // Of an unknown time: now.
            let time = (gap.wallTime.flatMap(SenML.absoluteTime) ?? 0) / 1000 - baseTime
            if time != 0 {
                writer.key(.time)
                writer.seconds(microseconds: time)
            }
            writer.key(.first)
            writer.integer(Int64(clamping: gap.numbers.lowerBound))
            writer.key(.last)
            writer.integer(Int64(clamping: gap.numbers.upperBound))
            writer.key(.reason)
            writer.text(gap.reason)
            writer.endRecord()
        }
    }
}

// Names.
extension SenML.Composition {
    /// Begins a name with the device's id, or with nothing.
    private mutating func startName(empty: Bool = false) {
        name.removeAll(keepingCapacity: true)
        guard !empty else { return }
        name.append(contentsOf: device.utf8)
        name.append(UInt8(ascii: "/"))
    }

    /// Goes on with a text, in which "_" stands for every byte that no name may have (section 4.5.1).
    private mutating func appendName(_ text: String) {
        for byte in text.utf8 { name.append(SenML.isLegal(byte) ? byte : UInt8(ascii: "_")) }
    }
}

package import Sensors

/// Readings as a SenML pack (RFC 8428), in JSON or CBOR.
///
/// - **Name**: `device/sensor/quantity`, of which the base name carries what records share. The readings of a sensor stand
///   together, in their order, where that makes the pack shorter.
/// - **Time**: of a synchronised clock, seconds since 1970 in microsecond resolution. Of any other, seconds relative to
///   the moment of sending and never above 0, as section 4.5.3 has it for a sensor without absolute time. How long ago a
///   reading of an earlier boot was taken nobody knows then, only that it was before this boot: its relative time is
///   this boot's age, and `up` tells when in its own boot it was taken.
/// - **Unit**: the registry's symbol (section 12.1); a truth value has none.
///
/// Fields of our own, which receivers that do not know them ignore (section 4.4):
/// - `bseq` and `seq`, numbers: the reading's number is their sum, 0 standing for the one that is absent. A record with
///   neither has the number of the one before it, plus `bstep`. With the device's name the number names the reading, so
///   that a receiver can tell one delivered twice.
/// - `bstep`, base field, number: see `seq`; 1 until a record says otherwise.
/// - `bboot`, base field, text: the boot of the device in which the following readings were taken.
/// - `up`, number: seconds from that boot to the reading, where its time is known no better.
///
/// A record named `device/outbox/gap` is no reading and has no number: its value says how many numbers are missing,
/// `first` and `last` which, and `reason` why.
package enum SenML {
    /// The pack cannot be written: SenML has no notation for infinity and what is not a number.
    package struct NotFiniteError: Error, Hashable, CustomStringConvertible {
        let sensor: String

        package var description: String {
            "the sensor \(sensor) reads what is no finite number, and SenML cannot carry that"
        }
    }

    /// The sender's present.
    package struct Present: Sendable, Hashable {
        /// Nanoseconds of CLOCK_MONOTONIC, to which relative times refer.
        let monotonicTime: UInt64
        /// The boot that clock counts in; nil when it is every reading's.
        var bootID: String?

        package init(monotonicTime: UInt64, bootID: String? = nil) {
            self.monotonicTime = monotonicTime
            self.bootID = bootID
        }
    }

    /// Times below this many seconds are relative, from it on absolute (section 4.5.3).
    private static let absoluteTimeStart: Int64 = 1 << 28

    private static let nanosecondsPerSecond: Int64 = 1_000_000_000

    /// Whether the two can stand in one pack: their times have the same origin, and they are of the same boot.
    static func canShareAPack(_ first: Reading, _ second: Reading) -> Bool {
        (absoluteTime(first) == nil) == (absoluteTime(second) == nil) && first.bootID == second.bootID
    }

    /// The pack of some readings that can share one, and of gaps.
    /// - Parameters:
    ///   - readings: in their order.
    ///   - device: the device's id, already legal in a name.
    /// - Throws: when a value is infinite or not a number.
    package static func pack(
        _ readings: [Reading], gaps: [Gap] = [], device: String, present: Present, as format: SenMLFormat = .json
    ) throws(NotFiniteError) -> [UInt8] {
        switch format {
        case .json: try pack(readings, gaps, device, present, SenMLJSONWriter.self)
        case .cbor: try pack(readings, gaps, device, present, SenMLCBORWriter.self)
        }
    }

    private static func pack<Writer: SenMLWriter>(
        _ readings: [Reading], _ gaps: [Gap], _ device: String, _ present: Present, _ writer: Writer.Type
    ) throws(NotFiniteError) -> [UInt8] {
        let records = readings.count + gaps.count
        // What a record takes, by experience; too little costs a copy, too much some bytes for a moment.
        var composition = Composition(
            Writer(records: records, capacity: 128 + 48 * records), records: records, device: device, present: present)
        try composition.append(readings)
        composition.append(gaps)
        composition.writer.endPack()
        return composition.writer.bytes
    }

    /// Nanoseconds since 1970; nil when the reading has no absolute time, or one that a receiver took for relative.
    static func absoluteTime(_ reading: Reading) -> Int64? { reading.wallTime.flatMap(absoluteTime) }

    static func absoluteTime(_ time: Int64) -> Int64? {
        time >= absoluteTimeStart * nanosecondsPerSecond ? time : nil
    }
}

extension SenML {
    /// Whether the byte may stand in a name (section 4.5.1).
    static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "_"): true
        default: isLegalFirst(byte)
        }
    }

    /// Whether a name may begin with the byte (section 4.5.1).
    static func isLegalFirst(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}

import Glibc
import Publishing
import Sensors

/// Bytes and time that a reading takes in a message: ten thermometers read every second, to a hundredth of a degree, each
/// some milliseconds after the one before, with the microseconds as they come.
enum Wire {
    private static let sensors = 10
    private static let device = "greenhouse-1"

    static func measure(readings: Int, packs: Int) throws {
        // The same in every run.
        var state: UInt64 = 88_172_645_463_325_252
        func random(below limit: UInt64) -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state % limit
        }
        var sequence: UInt64 = 1_000_000
        let start: Int64 = 1_764_000_000_000_000_000
        let all = (0..<packs).map { pack in
            (0..<readings).map { index in
                let number = pack * readings + index
                let microseconds =
                    Int64(number / sensors) * 1_000_000 + Int64(number % sensors) * 7_000 + Int64(random(below: 300))
                sequence += 1
                return Reading(
                    sensor: "tmp102-\(number % sensors)", quantity: .temperature,
                    value: .number(Double(1800 + random(below: 1000)) / 100), wallTime: start + microseconds * 1000,
                    monotonicTime: UInt64(microseconds) * 1000, bootID: "6d3f8c1e-52ab-4f0a-9b57-0f1e3a9c7d42",
                    sequence: sequence)
            }
        }
        // What PUBLISH adds (MQTT 5, section 3.3): type and length 3, topic, packet id 2, properties 1.
        let overhead = 3 + 2 + "apus/\(device)/readings".utf8.count + 2 + 1
        for format in SenMLFormat.allCases {
            var bytes = 0
            let before = PublishingBench.time(CLOCK_PROCESS_CPUTIME_ID)
            for pack in all {
                bytes +=
                    try SenML.pack(pack, device: device, present: .init(monotonicTime: 0), as: format).count + overhead
            }
            let cpu = PublishingBench.time(CLOCK_PROCESS_CPUTIME_ID) - before
            PublishingBench.result("\(format.rawValue).bytes", Double(bytes) / Double(readings * packs))
            PublishingBench.result("\(format.rawValue).us", Double(cpu) / 1000 / Double(readings * packs))
        }
    }
}

import Foundation

@testable import fwtool

/// The two sides of a delivery as text: what the app says on the console, and what the broker recorded.
enum DeliveryLedger {
    /// What a line of the console says, if it is the Recorder's and came whole (Tests/Firmware/Recorder, `Tally`).
    static func told(_ line: Substring) -> DeliveryJudgement.Told? {
        // Behind whatever somebody else has not yet ended.
        for promise in [DeliveryJudgement.Told.Promise.stored, .aged] {
            guard let start = line.range(of: "\(promise.rawValue) ")?.lowerBound else { continue }
            let words = line[start...].split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 6, let first = Int(words[3]), let last = Int(words[4]), first <= last,
                UInt32(words[5]) == checksum(words[..<5].joined(separator: " "))
            else { continue }
            return .init(
                promise: promise, series: .init(boot: String(words[1]), sensor: String(words[2])), values: first...last)
        }
        return nil
    }

    /// What else a line of the console says; nil for what is of no interest.
    ///
    /// Sentences of PID 1 (Sources/apus-init/System.swift), of the app's supervisor (Supervision/SupervisorEvent.swift) and of
    /// its outbox (Publishing/Outbox.swift, OutboxStore.swift). Others may write in the middle of a line: that leaves the one
    /// half or the other of a long one.
    static func event(_ line: Substring) -> DeliveryJudgement.Event? {
        func says(_ parts: String...) -> Bool { parts.contains { line.contains($0) } }
        // The mark of what a command wrote (Shell.swift), such as `apus outbox`, which repeats what was said before.
        if says("<out>") { return nil }
        if says("apus-init: ["), says("] started /") { return .started }
        if says("app/publisher stopped") { return .stopped }
        // By then it may not have put away all that it had taken.
        if says("did not stop in its time") { return .suddenEnd }
        if says("the disk takes no readings") { return .diskFails }
        if says("the disk takes readings again") { return .diskWorks }
        if says("the outbox was damaged (", "the damaged files are in /") { return .damageTold }
        if says("the outbox's log was damaged", "blocks of readings are saved") { return .damageTold }
        if says("the outbox has lost its file of numbers", "goes on far from those it had") { return .damageTold }
        return nil
    }

    /// Whether a line of the console tells that the app has crashed. Nothing here sends it any signal but KILL.
    static func isCrash(_ line: Substring) -> Bool {
        line.contains("the app ended (signal ") && !line.contains("the app ended (signal 9")
    }

    /// FNV-1a, 32 bits.
    private static func checksum(_ text: String) -> UInt32 {
        text.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }

    /// A message of the device.
    ///
    /// - Throws: `FwtoolError` for what the Recorder cannot have sent.
    static func message(
        _ text: String, of device: String
    ) throws -> (readings: [DeliveryJudgement.Reading], gaps: [DeliveryJudgement.Gap]) {
        let pack = try SenMLPack(parsing: text)
        let readings = try pack.records.map { record in
            let names = record.name.split(separator: "/")
            guard names.count == 3, names[0] == device, case .number(let number) = record.value,
                let value = Int(exactly: number)
            else { throw FwtoolError("this is no reading of the Recorder: \(record)") }
            return DeliveryJudgement.Reading(
                series: .init(boot: String(record.boot.prefix(8)), sensor: String(names[1])), value: value,
                number: record.sequence, time: time(record.time))
        }
        return (readings, pack.gaps.map { DeliveryJudgement.Gap(numbers: $0.numbers, reason: $0.reason) })
    }

    private static func time(_ time: SenMLPack.Time) -> DeliveryClocks.Time {
        switch time {
        case .absolute(let seconds): .absolute(seconds)
        case .relative(let seconds): .relative(seconds)
        }
    }
}

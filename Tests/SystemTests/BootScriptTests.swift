import BootState
import Foundation
import Testing

@testable import fwtool

extension SystemTests {
    /// The boot script does what its model (``BootSelection``) says, which the exploration of the state machine rests on.
    @Suite struct BootScriptTests {
        @Test func doesWhatItsModelSays() throws {
            let situations = try Self.situations()
            #expect(situations.count >= 60)
            try Self.compare(situations)
        }

        /// One run each: the card is laid out beforehand.
        @Test func startsTheConfirmedSlotOfACardThatTakesNoWrites() throws {
            let trial = try Self.blocks("st_act=a st_try=b st_left=3 st_cold=f")
            for faults in [[:], [.a: .kernel]] as [[Slot: FailureReason]] {
                try Self.compare([.init(copies: trial, faults: faults, isWritable: false)])
            }
        }

        private static func compare(_ situations: [BootSelection.Situation]) throws {
            let image = try Machine.image(for: "virt")
            try TemporaryFolder.with(beside: image) { folder in
                let uboot = folder.appendingPathComponent("u-boot.bin")
                try EmulatorCard(file: image).extract("u-boot.bin", to: uboot)
                let outcomes = try BootScriptBench(uboot: uboot, folder: folder).run(situations)
                for (situation, outcome) in zip(situations, outcomes) {
                    let model = BootSelection(situation)
                    let told: Comment = "\(situation) \(outcome.starts) \(outcome.failures)"
                    if let started = model.started {
                        #expect(outcome.starts.last == Self.arguments(started, model.why), told)
                    }
                    // What was looked at before the slot that runs, or all.
                    let failed = model.tried.dropLast(model.started == nil ? 0 : 1).map(\.rawValue)
                    #expect(outcome.failures.map { String($0.prefix(1)) } == Array(failed), told)
                    var copies = situation.copies.map { $0.isEmpty ? Array(repeating: UInt8(0), count: 512) : $0 }
                    for write in model.writes { copies[write.copy] = try write.state.encoded() }
                    #expect(outcome.copies == copies, told)
                    #expect(BootNote(decoding: outcome.note) == model.note, told)
                }
                print("boot script: \(situations.count) cases as its model says")
            }
        }

        private static func arguments(_ slot: Slot, _ why: BootState.Failure?) -> String {
            "console=none panic=5 quiet loglevel=4 apus.slot=\(slot.rawValue) apus.verity=8,8,"
                + String(repeating: "ab", count: 32) + (why.map { " apus.why=\($0)" } ?? "") + " apus.note=0x47f00000"
        }

        // MARK: - Cases

        /// A valid newer state in copy 1 over an older one in copy 0.
        private static func blocks(_ settings: String, sequence: String = "1f") throws -> [[UInt8]] {
            [try BootState.initial.encoded(), try block(settings, sequence: sequence)]
        }

        private static func block(_ settings: String, sequence: String = "1f") throws -> [UInt8] {
            var values = [
                "st_act": "a", "st_try": "-", "st_left": "0", "st_cold": "0", "st_bad": "-", "st_why": "-",
                "st_seq": sequence,
            ]
            for setting in settings.split(separator: " ") {
                let words = setting.split(separator: "=", maxSplits: 1).map(String.init)
                values[words[0]] = words[1]
            }
            let text = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\0" }.joined() + "\0"
            var content = Array(text.utf8)
            content += Array(repeating: 0, count: 508 - content.count)
            // Zero bytes at the end, as BootState itself makes it: decode to see that the block is one.
            let block = try #require(Self.seal(content))
            _ = try BootState(decoding: block)
            return block
        }

        /// With the checksum the decoder asks for.
        private static func seal(_ content: [UInt8]) -> [UInt8]? {
            let zeros = [UInt8](repeating: 0, count: 4) + content
            guard
                case .failure(.wrongChecksum(_, let computed)) = Result(catching: { () throws(BootStateError) in
                    try BootState(decoding: zeros)
                })
            else { return nil }
            return (0..<4).map { UInt8(truncatingIfNeeded: computed >> (8 * $0)) } + content
        }

        private static func situations() throws -> [BootSelection.Situation] {
            typealias Situation = BootSelection.Situation
            func note(_ slot: Slot, _ stage: BootNote.Stage, _ count: UInt8 = 0) -> BootNote {
                BootNote(slot: slot, stage: stage, count: count)
            }
            var all: [Situation] = []
            // Confirmed slots, whatever the note says.
            let confirmed = [
                "st_act=a", "st_act=b st_why=a:app", "st_act=a st_bad=b", "st_act=a st_bad=a st_why=a:root",
            ]
            for state in confirmed {
                for note in [
                    nil, note(.a, .started, 1), note(.a, .started, 2), note(.b, .started, 2), note(.a, .started, 7),
                    note(.a, .started, 8), note(.b, .started, 8), note(.a, .started, 255), note(.a, .running),
                ] as [BootNote?] {
                    all.append(Situation(copies: try blocks(state), note: note))
                }
            }
            // Trials, with each way the last start may have ended.
            for (left, cold) in [("3", "f"), ("1", "f"), ("2", "1"), ("0", "0")] {
                for note in [nil, note(.a, .running)] + BootNote.Stage.allCases.map({ note(.b, $0) }) {
                    all.append(
                        Situation(copies: try blocks("st_act=a st_try=b st_left=\(left) st_cold=\(cold)"), note: note))
                }
            }
            // Slots that cannot be started.
            for fault in [.header, .root, .kernel, .initramfs, .start] as [FailureReason] {
                all.append(Situation(copies: try blocks("st_act=b"), faults: [.b: fault]))
                all.append(Situation(copies: try blocks("st_act=b st_bad=a"), faults: [.b: fault]))
                all.append(
                    Situation(copies: try blocks("st_act=b st_try=a st_left=3 st_cold=f"), faults: [.a: fault]))
                all.append(
                    Situation(copies: try blocks("st_act=b st_try=a st_left=3 st_cold=f"), faults: [.b: fault]))
            }
            all.append(Situation(copies: try blocks("st_act=a"), faults: [.a: .kernel, .b: .header]))
            all.append(
                Situation(
                    copies: try blocks("st_act=a st_try=b st_left=3 st_cold=f"), note: note(.b, .running),
                    faults: [.a: .initramfs, .b: .start]))
            // Copies: torn, lost, equal, with variables of another version, with high sequence numbers.
            let trial = try block("st_act=a st_try=b st_left=3 st_cold=f", sequence: "20")
            let old = try block("st_act=b", sequence: "1f")
            var torn = trial
            torn[511] ^= 1
            for copies in [
                [old, trial], [trial, old], [old, torn], [torn, old], [trial, torn], [[], []], [torn, torn],
                [old, old],
                [[], trial],
                [try block("st_act=b", sequence: "ffffffff"), try block("st_act=a", sequence: "7fffffff")],
                [try block("st_act=a st_try=b st_left=2 st_cold=2 st_zzz=later"), old],
            ] {
                all.append(Situation(copies: copies))
                all.append(Situation(copies: copies, note: note(.b, .started)))
            }
            all.append(Situation(copies: [[], []], faults: [.a: .header]))
            return all
        }
    }
}

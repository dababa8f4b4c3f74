import Foundation
import Testing

@testable import BootState

/// All that can happen to a device, in every order, and what must hold whatever happened (docs/boot-state.md).
struct BootExplorationTests {
    /// A device between two events: a slot runs, or none could be started.
    struct Device: Hashable {
        var copies: [BootState?] = [.initial, nil]
        var note: BootNote?
        /// What keeps a slot from being started.
        var faults: [Slot: FailureReason] = [.b: .header]
        var running: Slot?

        var state: BootState? { BootState.choose(copies[0], copies[1])?.state }
        private var older: Int { BootState.choose(copies[0], copies[1])?.copy == 0 ? 1 : 0 }

        /// The boot script runs.
        func started(isWritable: Bool = true, tornAt torn: Int? = nil) -> (Device, BootSelection) {
            let selection = BootSelection(copies: copies, note: note, faults: faults, isWritable: isWritable)
            var next = self
            next.note = selection.note
            next.running = selection.started
            for (index, write) in selection.writes.enumerated() {
                next.copies[write.copy] = index == torn ? nil : write.state
                // The power went in the middle of the write.
                if index == torn {
                    next.note = nil
                    next.running = nil
                    break
                }
            }
            return (next.normalized, selection)
        }

        /// A program on the device writes the state.
        func written(_ change: (BootState) throws(BootStateError) -> BootState, isTorn: Bool = false) -> Device? {
            guard let next = try? change(state ?? .initial) else { return nil }
            var device = self
            device.copies[older] = isTorn ? nil : next
            if isTorn { device.note = nil }
            return device
        }

        func with(stage: BootNote.Stage) -> Device {
            var device = self
            if let running { device.note = BootNote(slot: running, stage: stage) }
            return device
        }

        /// Only the order of the sequence numbers matters; small ones keep the number of devices finite.
        private var normalized: Device {
            let numbers = Set(copies.compactMap { $0?.sequence }).sorted()
            var device = self
            device.copies = copies.map { state in
                guard let state, let rank = numbers.firstIndex(of: state.sequence) else { return nil }
                return BootState(
                    sequence: UInt32(rank + 1), active: state.active, trial: state.trial, bad: state.bad,
                    lastFailure: state.lastFailure, otherVariables: [:])
            }
            return device
        }
    }

    enum Event: CaseIterable {
        case powerCut, panicBeforeInit, reset, reboot, appGaveUp, confirmed, deadline, rootDamaged
        case updateBegun, updateFinished, userRollback, restartUnwritable
        case headerLost, kernelDamaged, initramfsDamaged, rootUnmarked, startRefused
        case copy0Lost, copy1Lost
        /// The power goes while a program writes the state.
        case tornConfirm, tornRollback, tornUpdate, tornTrial
    }

    /// The device after an event, ready for the boot script where the event ends with one; nil where it cannot happen.
    private static func apply(_ event: Event, to device: Device) -> (device: Device, restarts: Bool)? {
        guard let running = device.running else {
            // Nothing starts: the script tries again and again, and somebody cuts the power.
            guard event == .powerCut else { return nil }
            var off = device
            off.note = nil
            return (off, true)
        }
        let up = device.with(stage: .running)
        func damaged(_ slot: Slot, _ reason: FailureReason) -> (Device, Bool) {
            var device = device.with(stage: .orderly)
            device.faults[slot] = device.faults[slot] ?? reason
            return (device, true)
        }
        func lost(_ copy: Int) -> (Device, Bool) {
            var device = device.with(stage: .orderly)
            device.copies[copy] = nil
            return (device, true)
        }
        func restart(_ next: Device?, _ stage: BootNote.Stage) -> (Device, Bool)? {
            next.map { ($0.with(stage: stage), true) }
        }
        func torn(_ change: (BootState) throws(BootStateError) -> BootState) -> (Device, Bool)? {
            up.written(change, isTorn: true).map { ($0, true) }
        }
        let isTrial = device.state?.trial?.slot == running
        switch event {
        case .powerCut:
            var off = device
            off.note = nil
            return (off, true)
        case .panicBeforeInit: return (device, true)
        case .reset: return (up, true)
        case .reboot: return (device.with(stage: .orderly), true)
        case .appGaveUp:
            // On trial apus-init says so itself; where it cannot, the note does.
            return restart(isTrial ? up.written { s throws(BootStateError) in try s.rollBack(.app) } : up, .appGaveUp)
        case .confirmed:
            let state = device.state ?? .initial
            if isTrial {
                return up.written { s throws(BootStateError) in try s.confirm(running: running) }.map {
                    ($0.with(stage: .healthy), false)
                }
            }
            if running != state.active {
                return up.written { s throws(BootStateError) in try s.adopt(running: running, .start) }
                    .map { ($0.with(stage: .healthy), false) }
            }
            return (device.with(stage: .healthy), false)
        case .deadline: return restart(up.written { s throws(BootStateError) in try s.rollBack(.health) }, .orderly)
        case .rootDamaged:
            return restart(up.written { s throws(BootStateError) in try s.giveUp(running: running, .root) }, .orderly)
        case .updateBegun:
            guard
                var next = up.written({ s throws(BootStateError) in
                    try s.beginUpdate(of: running.other, running: running)
                })
            else { return nil }
            next.faults[running.other] = .header
            return (next, false)
        case .updateFinished:
            guard var next = up.written({ s throws(BootStateError) in try s.startTrial(of: running.other) }) else {
                return nil
            }
            next.faults[running.other] = nil
            return (next.with(stage: .orderly), true)
        case .userRollback:
            return restart(
                up.written { s throws(BootStateError) in try isTrial ? s.rollBack(.user) : s.revert() }, .orderly)
        case .restartUnwritable: return (device.with(stage: .orderly), true)
        case .headerLost: return damaged(running.other, .header)
        case .kernelDamaged: return damaged(running, .kernel)
        case .initramfsDamaged: return damaged(running, .initramfs)
        case .rootUnmarked: return damaged(running, .root)
        case .startRefused: return damaged(running, .start)
        case .copy0Lost: return lost(0)
        case .copy1Lost: return lost(1)
        case .tornConfirm: return torn { s throws(BootStateError) in try s.confirm(running: running) }
        case .tornRollback: return torn { s throws(BootStateError) in try s.rollBack(.app) }
        case .tornUpdate:
            guard
                var next = torn({ s throws(BootStateError) in try s.beginUpdate(of: running.other, running: running) })
            else { return nil }
            // What is written to the slot comes after the state.
            next.0.faults = device.faults
            return next
        case .tornTrial:
            guard var next = torn({ s throws(BootStateError) in try s.startTrial(of: running.other) }) else {
                return nil
            }
            next.0.faults[running.other] = nil
            return next
        }
    }

    /// Events in a row: enough for an update, a whole trial of three failures, and damage on the way.
    private static let depth = ProcessInfo.processInfo.environment["APUS_BOOT_DEPTH"].flatMap(Int.init) ?? 9

    @Test func whateverHappensADeviceKeepsABootPath() throws {
        var seen: Set<Device> = []
        var frontier = [Device().started().0]
        var transitions = 0
        var recoveries = 0
        for _ in 0..<Self.depth {
            var next: [Device] = []
            for device in frontier where seen.insert(device).inserted {
                recoveries += try Self.checkRecovery(of: device)
                for event in Event.allCases {
                    guard let (after, restarts) = Self.apply(event, to: device) else { continue }
                    transitions += 1
                    guard restarts else {
                        next.append(after)
                        continue
                    }
                    let (started, selection) = after.started(isWritable: event != .restartUnwritable)
                    try Self.check(device, event, after, started, selection)
                    next.append(started)
                    // And with the power gone in the middle of each of the script's own writes.
                    for index in selection.writes.indices {
                        let torn = after.started(tornAt: index).0
                        try #require(after.state == nil || torn.state != nil, "\(device) \(event)")
                        next.append(torn.started().0)
                    }
                }
            }
            frontier = next
        }
        print("boot selection: \(seen.count) devices, \(transitions) events, \(recoveries) recoveries checked")
        #expect(seen.count > 10_000)
    }

    /// What must hold for one event and the start after it.
    private static func check(
        _ before: Device, _ event: Event, _ after: Device, _ started: Device, _ selection: BootSelection
    ) throws {
        func story() -> Comment { "\(before) \(event) \(after) \(started)" }
        // A boot path as long as one slot can be loaded.
        try #require(started.running != nil || after.faults.count == 2, story())
        // No write touches the copy in force, and the state stays readable.
        let chosen = BootState.choose(after.copies[0], after.copies[1])
        try #require(selection.writes.allSatisfy { $0.copy != chosen?.copy }, story())
        try #require(selection.writes.count <= 2, story())
        guard let state = after.state, let result = started.state else {
            try #require(after.state == nil && selection.writes.isEmpty, story())
            return
        }
        // The script confirms nothing, and starts no trial.
        try #require(result.active == state.active, story())
        try #require(result.trial == nil || result.trial?.slot == state.trial?.slot, story())
        // A bad slot only if the other cannot be loaded or counted, or dies again and again.
        let isUncounted = event == .restartUnwritable && state.trial != nil
        if started.running == result.bad, let running = started.running, !isUncounted {
            let dead = after.note?.slot == running.other && after.note?.stage == .started
            try #require(
                after.faults[running.other] != nil || dead && after.note.map { Int($0.count) } ?? 0 >= 8, story())
        }
        guard let trial = state.trial else { return }
        if let still = result.trial, started.running == trial.slot, event != .restartUnwritable {
            // Each start brings its end nearer.
            try #require(
                Int(still.failuresLeft) + Int(still.startsLeft) == Int(trial.failuresLeft) + Int(trial.startsLeft) - 1,
                story())
        }
        if event == .powerCut, trial.startsLeft > 1, after.faults[trial.slot] == nil {
            // No failure of the slot.
            try #require(started.running == trial.slot, story())
            try #require(result.trial?.failuresLeft == trial.failuresLeft, story())
        }
        if result.trial == nil {
            // Rolled back: the slot is bad, and the reason is the last thing that happened to it.
            try #require(result.bad == trial.slot && result.lastFailure?.slot == trial.slot, story())
            let reason = result.lastFailure?.reason
            let expected: FailureReason? =
                after.faults[trial.slot]
                ?? (after.note?.slot == trial.slot ? after.note?.death : nil) ?? .cold
            let isSpent = trial.failuresLeft <= 1 || trial.startsLeft <= 1
            try #require(reason == expected || isSpent && reason == after.note?.death ?? .cold, story())
        }
    }

    /// From here on nothing happens but what the slots' own nature makes happen. If one of them is good, it runs in the
    /// end, however the other one fails.
    /// - Returns: how many cases were checked.
    private static func checkRecovery(of device: Device) throws -> Int {
        enum Nature { case diesAtStart, dies, givesUp, isNeverHealthy }
        var count = 0
        for good in Slot.allCases where device.faults[good] == nil {
            // A confirmed slot was healthy once; of it only this much is feared.
            let natures: [Nature] =
                device.state?.trial?.slot == good.other
                ? [.diesAtStart, .dies, .givesUp, .isNeverHealthy] : [.diesAtStart]
            for nature in natures {
                count += 1
                var device = device
                var starts = 0
                while device.running != good {
                    starts += 1
                    try #require(starts < 30, "\(device) \(good) \(nature)")
                    let event: Event =
                        switch (device.running, nature) {
                        case (nil, _): .powerCut
                        case (_, .diesAtStart): .panicBeforeInit
                        case (_, .dies): .reset
                        case (_, .givesUp): .appGaveUp
                        case (_, .isNeverHealthy): .deadline
                        }
                    guard let (after, _) = apply(event, to: device) else { break }
                    device = after.started().0
                }
                try #require(device.running == good, "\(device) \(good) \(nature)")
            }
        }
        return count
    }
}

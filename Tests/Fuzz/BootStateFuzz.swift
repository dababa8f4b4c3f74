import Checksum
import Glibc

@testable import BootState

/// A target for libFuzzer: what reads the blocks outside of the partitions, the sectors of a slot and the note, given
/// bytes of anybody's making. The first byte of an input chooses what the rest is. Checksums are put right, or nearly
/// every input would end at one.
///
/// A trap, a leak, an address out of bounds, a wrong choice or too much memory ends the run.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBootState(_ pointer: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: pointer, count: count))
    guard let kind = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    switch kind % 7 {
    case 0: fuzzCopies(rest)
    case 1: fuzzNote(rest)
    case 2: fuzzHeader(rest)
    case 3: fuzzVerity(rest)
    case 4: fuzzEnvironment(rest)
    case 5: fuzzProvisioning(rest)
    default: fuzzResetMark(rest)
    }
    return 0
}

/// A block with this text and the checksum that belongs to it.
private func block(_ text: some Collection<UInt8>, size: Int = UBootEnvironment.blockSize) -> [UInt8] {
    let content = Array(text.prefix(size - 4)) + Array(repeating: 0, count: max(0, size - 4 - text.count))
    let checksum = crc32(content)
    return (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) } + content
}

/// Two blocks out of one input, the first one's length before it.
private func twoTexts(_ bytes: [UInt8]) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
    guard bytes.count >= 2 else { return ([], []) }
    let length = Int(bytes[0]) | Int(bytes[1]) << 8
    let texts = bytes.dropFirst(2)
    return (texts.prefix(length), texts.dropFirst(length))
}

// MARK: - Boot state

/// Both copies, and what the boot script does with them. The first byte spoils checksums (bits 0, 1), says what the boot
/// script finds (2, 3), and whether the card takes writes (4); the second is the note's.
private func fuzzCopies(_ bytes: [UInt8]) {
    guard bytes.count >= 2 else { return }
    let flags = bytes[0]
    let texts = twoTexts(Array(bytes.dropFirst(2)))
    var copies = [block(texts.0), block(texts.1)]
    for copy in 0..<2 where flags >> copy & 1 == 1 { copies[copy][0] ^= 1 }
    let states = copies.map { try? BootState(decoding: $0) }
    for (copy, state) in states.enumerated() {
        precondition(state == nil || flags >> copy & 1 == 0, "a wrong checksum was accepted")
        if let state { checkState(state) }
    }

    let chosen = BootState.choose(copies[0], copies[1])
    precondition((chosen == nil) == (states[0] == nil && states[1] == nil), "nothing chosen, or out of nothing")
    guard let chosen else { return }
    precondition(states[chosen.copy] == chosen.state, "the choice of an invalid copy")
    if let other = states[1 - chosen.copy] {
        precondition(chosen.state.sequence >= other.sequence, "the choice of the older copy")
        precondition(chosen.state.sequence > other.sequence || chosen.copy == 0, "equal copies, and not the first")
    }
    checkSelection(copies, chosen, flags: flags, note: bytes[1])
}

/// What was read can be written, means the same then, and only changes to states of which that is true as well.
private func checkState(_ state: BootState) {
    precondition((try? BootState(decoding: state.encoded())) == state, "a state that is not to be written as it is")
    precondition(state.sequence > 0 && state.trial?.slot != state.active)
    var changed = [try? state.rollBack(.health), try? state.revert()]
    for slot in Slot.allCases {
        changed += [
            try? state.beginUpdate(of: slot, running: .a), try? state.beginUpdate(of: slot, running: .b),
            try? state.startTrial(of: slot), try? state.confirm(running: slot),
            try? state.adopt(running: slot, .kernel), try? state.giveUp(running: slot, .root),
        ]
    }
    for next in changed.compactMap(\.self) {
        precondition(next.sequence == state.sequence + 1 && next.otherVariables == state.otherVariables)
        // Variables of other programs may fill the block: then nothing is written.
        guard let written = try? next.encoded() else { continue }
        precondition((try? BootState(decoding: written)) == next, "a change that is not read as it was written")
        let before = (try? state.encoded()) ?? []
        for copies in [[before, written], [written, before]] {
            precondition(BootState.choose(copies[0], copies[1])?.state == next, "the state before stays in force")
        }
    }
}

private func checkSelection(
    _ copies: [[UInt8]], _ chosen: (state: BootState, copy: Int), flags: UInt8, note: UInt8
) {
    let faults: [FailureReason?] = [nil, .header, .kernel, .start]
    var situation = BootSelection.Situation(copies: copies, isWritable: flags >> 4 & 1 == 0)
    situation.faults[.a] = faults[Int(flags >> 2 & 3)]
    situation.faults[.b] = faults[Int(note >> 6)]
    situation.note = BootNote.Stage(rawValue: note & 7).map {
        BootNote(slot: note & 8 == 0 ? .a : .b, stage: $0, count: note >> 4 & 3)
    }
    let selection = BootSelection(situation)
    let good = Slot.allCases.filter { situation.faults[$0] == nil }
    precondition(selection.started.map(good.contains) ?? good.isEmpty, "a good slot and none started, or a faulty one")
    precondition(selection.writes.isEmpty || situation.isWritable)
    for write in selection.writes {
        precondition(write.copy != chosen.copy, "the copy in force is overwritten")
        precondition(write.state.active == chosen.state.active, "the script confirmed a slot")
        precondition((try? BootState(decoding: write.state.encoded())) == write.state)
    }
}

// MARK: - Note

/// A page of nothing else.
private let filler = (0..<BootNote.size).map { UInt8(truncatingIfNeeded: BootNote.filler >> (8 * ($0 % 4))) }

/// A page that begins with the input and goes on with the filler; the last byte says what of it is put right.
private func fuzzNote(_ bytes: [UInt8]) {
    guard let flags = bytes.last else { return }
    var page = Array(bytes.dropLast().prefix(BootNote.size))
    page += filler[page.count...]
    if flags & 1 == 0 {
        // Both in one order, as U-Boot leaves them, or one in each.
        let checksum = crc32(page.dropLast(8))
        let words = [
            flags & 2 == 0 ? checksum : checksum.byteSwapped, flags & 4 == 0 ? checksum : checksum.byteSwapped,
        ]
        for byte in 0..<8 {
            page[BootNote.size - 8 + byte] = UInt8(truncatingIfNeeded: words[byte / 4] >> (8 * (byte % 4)))
        }
    }
    if let note = BootNote(decoding: page) {
        // Word by word as the table in BootNote has it, not as the encoder does it.
        func word(_ index: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(page[4 * index + $1]) << (8 * $1) } }
        precondition(word(0) == BootNote.magic && word(1) == (note.slot == .a ? 0xa : 0xb))
        precondition(word(2) == UInt32(note.stage.rawValue) && word(3) == UInt32(note.count))
        precondition(page[16..<4088].elementsEqual(filler[16..<4088]), "decayed memory was taken for a note")
        let checksum = crc32(page.dropLast(8))
        for sum in [word(1022), word(1023)] {
            precondition(sum == checksum || sum.byteSwapped == checksum, "a wrong checksum was accepted")
        }
    }
    precondition(BootNote(decoding: Array(page.dropLast())) == nil && BootNote(decoding: page + [0]) == nil)
    if bytes.count > 3, let stage = BootNote.Stage(rawValue: bytes[0] % 6) {
        let note = BootNote(slot: bytes[1] & 1 == 0 ? .a : .b, stage: stage, count: bytes[2])
        let encoded = note.encoded()
        precondition(BootNote(decoding: encoded) == note)
        var spoilt = encoded
        spoilt[(Int(bytes[1]) << 8 | Int(bytes[2])) % spoilt.count] ^= max(1, bytes[3])
        precondition(BootNote(decoding: spoilt) == nil, "a changed page is a note")
    }
}

// MARK: - Blocks

private func fuzzHeader(_ bytes: [UInt8]) {
    guard let header = try? SlotHeader(decoding: block(bytes)) else { return }
    precondition((try? SlotHeader(decoding: header.encoded())) == header)
}

private func fuzzVerity(_ bytes: [UInt8]) {
    guard let verity = try? VerityBlock(decoding: block(bytes)) else { return }
    precondition(verity.rootHash.count == 32)
    precondition((try? VerityBlock(decoding: verity.encoded())) == verity)
}

/// Names and values of any block come through being written, and are written in one way only.
private func fuzzEnvironment(_ bytes: [UInt8]) {
    precondition((try? UBootEnvironment.decode(bytes)) == nil || bytes.count == UBootEnvironment.blockSize)
    let source = block(bytes)
    if let variables = try? UBootEnvironment.decode(source) {
        guard let encoded = try? UBootEnvironment.encode(variables) else { preconditionFailure("read, yet too large") }
        precondition((try? UBootEnvironment.decode(encoded)) == variables)
        precondition(block(encoded.dropFirst(4)) == encoded)
        for value in variables.values {
            guard let number = UBootEnvironment.hexadecimal(value, maximumDigits: 8) else { continue }
            let digits = value.utf8.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
            precondition(digits && UInt64(value, radix: 16) == UInt64(number), "\(value) is read as \(number)")
        }
    }
    var spoilt = source
    spoilt[Int(bytes.first ?? 0) % spoilt.count] ^= 1
    precondition((try? UBootEnvironment.decode(spoilt)) == nil, "a wrong checksum was accepted")
}

/// Both copies; of the first one that is valid every setting becomes one line that is read as it was set.
private func fuzzProvisioning(_ bytes: [UInt8]) {
    let texts = twoTexts(bytes)
    let copies = [texts.0, texts.1].map { block($0, size: Provisioning.blockSize) }
    let provisioning = Provisioning(copies: copies)
    guard let encoded = try? provisioning.encoded() else { preconditionFailure("read, yet too large") }
    precondition(Provisioning(copies: [encoded, encoded]) == provisioning)
    precondition(Provisioning(copies: [[], encoded]) == provisioning, "the second copy does not stand in")
    let lines = provisioning.text.utf8.split(separator: UInt8(ascii: "\n"))
    precondition(lines.count == provisioning.values.count, "a setting that is not one line")
    for line in lines {
        let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false).map {
            Array($0)
        }
        precondition(parts.count == 2)
        let value = provisioning.values[String(decoding: parts[0], as: UTF8.self)]
        precondition(value.map { Array($0.utf8) } == parts[1], "a setting that is read as another")
    }
}

private func fuzzResetMark(_ bytes: [UInt8]) {
    guard let mark = try? ResetMark.encoded() else { preconditionFailure("no mark") }
    precondition(ResetMark.isSet(mark))
    let candidate = block(bytes)
    let variables = try? UBootEnvironment.decode(candidate)
    // Zeros, as of a new card, and any other block must not cost the data.
    precondition(ResetMark.isSet(candidate) == (variables == ["rs_data": "reset"]))
    precondition(!ResetMark.isSet(bytes) || bytes == mark)
}

// MARK: - Seeds

/// What to start from: inputs of each kind, into the folder `$APUS_FUZZ_SEEDS`.
@_cdecl("LLVMFuzzerInitialize")
public func initializeFuzzer(
    _ count: UnsafeMutablePointer<Int32>?,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> Int32 {
    guard let folder = getenv("APUS_FUZZ_SEEDS") else { return 0 }
    do {
        for (index, seed) in try seeds().enumerated() {
            guard let file = fopen("\(String(cString: folder))/seed\(index)", "w") else { exit(1) }
            fwrite(seed, 1, seed.count, file)
            fclose(file)
        }
    } catch {
        fatalError("no seeds: \(error)")
    }
    exit(0)
}

private func seeds() throws -> [[UInt8]] {
    /// The text of a block, with the zero bytes that end it.
    func text(_ block: [UInt8]) -> [UInt8] {
        var text = Array(block.dropFirst(4))
        while text.last == 0 { text.removeLast() }
        return text + [0, 0]
    }
    func two(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        [UInt8(truncatingIfNeeded: first.count), UInt8(truncatingIfNeeded: first.count >> 8)] + first + second
    }
    let trial = try BootState.initial.startTrial(of: .b)
    let failed = try trial.rollBack(.app)
    let header = SlotHeader(root: 8, hashTree: 8, verity: 16, kernel: 24..<80, ramdisk: 80..<4096)
    let settings = try Provisioning(["serial": "S-1", "broker": "mqtt://host"]).encoded()
    let note = BootNote(slot: .b, stage: .running, count: 2).encoded()
    /// Just not right: what must be refused is a good place to start from, too.
    func wrong(_ block: [UInt8], _ name: String, _ value: String) throws -> [UInt8] {
        var variables = try UBootEnvironment.decode(block)
        variables[name] = value
        return text(try UBootEnvironment.encode(variables))
    }
    let refused = [("st_try", "a"), ("st_seq", "0"), ("st_left", "-0"), ("st_cold", "10"), ("st_why", "c:app")]
    return try refused.map { try [0, 0, 0] + two(wrong(trial.encoded(), $0, $1), []) } + [
        [2] + wrong(header.encoded(), "sl_kernel", "-0"), [4] + wrong(header.encoded(), "sl_hash", "-0"),
        [0, 0, 0] + two(text(try trial.encoded()), text(try failed.encoded())),
        [0, 2, 0x89] + two(text(try BootState.initial.encoded()), text(try trial.encoded())),
        [1] + note.prefix(16) + [0], [1, 1, 2, 3, 4, 1],
        [2] + text(try header.encoded()),
        [3] + text(try VerityBlock(rootHash: (0..<32).map { $0 * 7 }).encoded()),
        [4] + text(try UBootEnvironment.encode(["a": "1f", "b": "ä", "c": ""])),
        [5] + two(text(settings), text(settings)), [5] + two([1], text(settings)),
        [6] + text(try ResetMark.encoded()),
    ]
}

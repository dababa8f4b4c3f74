import BootState
import Foundation

@testable import fwtool

/// Runs the real boot script in U-Boot on QEMU's generic board, case after case, with slots of a few kilobytes whose
/// kernel does nothing but reset the machine.
///
/// A script of the bench runs first at each start: it keeps what the last case left (the state's sectors and the note),
/// lays out the next case (state, slot headers, note) and goes on into the boot script.
struct BootScriptBench {
    /// What a case ended with.
    struct Outcome: Equatable {
        /// Kernel arguments of each start.
        var starts: [String] = []
        /// Slot and reason of each "cannot be loaded" line.
        var failures: [String] = []
        var copies: [[UInt8]] = []
        var note: [UInt8] = []
    }

    private static let base = 0x4000_0000
    private static let sector = 512
    /// Sectors of the card.
    private static let slotStart: [Slot: Int] = [.a: 0x1000, .b: 0x2000]
    /// Sectors of the second disk, the bench's own.
    private static let scriptStart = 0x20
    private static let scriptSize = 0x80
    private static let caseStart = 0x100
    private static let caseSize = 0x20
    private static let resultStart = 0x8000
    private static let resultSize = 0x10
    private static let noteOffset = 8

    /// Sectors of a slot: what is good, and what stands in for it in a case with a fault.
    private enum Part: UInt32 {
        case verity = 8
        case noVerity = 9
        case kernel = 16
        case badKernel = 32
        case refusedKernel = 48
        case ramdisk = 64
        case badRamdisk = 80
        static let size: UInt32 = 16
    }

    let uboot: URL
    let folder: URL

    /// - Parameters:
    ///   - situations: all with the same ``BootSelection/Situation/isWritable``; only one when the card takes no writes.
    func run(_ situations: [BootSelection.Situation]) throws -> [Outcome] {
        let isWritable = situations.allSatisfy(\.isWritable)
        let card = try makeCard()
        if !isWritable, let only = situations.first { try lay(out: only, on: card) }
        let table = try makeTable(situations, isWritable: isWritable)
        let console = try runQEMU(card: card, table: table, isWritable: isWritable, cases: situations.count)
        return try outcomes(of: situations.count, console: console, table: table)
    }

    // MARK: - The disks

    private func makeCard() throws -> URL {
        let file = folder.appendingPathComponent("bench-card.img")
        try? FileManager.default.removeItem(at: file)
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        try handle.truncate(atOffset: 8 << 20)
        let sizes = "start=2048,size=1024,type=c\nstart=4096,size=4096,type=83\nstart=8192,size=4096,type=83\n"
        try Command("sfdisk", ["-q", "--no-reread", "--no-tell-kernel", file.path]).run(
            input: Data("label: dos\nlabel-id: 0x53555041\n\(sizes)start=12288,type=83\n".utf8))

        let kernel = try image(Self.resettingKernel, type: "kernel", name: "kernel")
        // Its checksums are right, and bootm starts no such thing.
        let refused = try image(Self.resettingKernel, type: "firmware", name: "refused")
        let ramdisk = try image(Data("ramdisk".utf8), type: "ramdisk", name: "ramdisk")
        func damaged(_ image: Data) -> Data {
            var image = image
            image[image.count - 1] ^= 1
            return image
        }
        let verity = Data(try VerityBlock(rootHash: Array(repeating: 0xab, count: 32)).encoded())
        for start in Self.slotStart.values {
            for (part, content) in [
                (Part.verity, verity), (.kernel, kernel), (.badKernel, damaged(kernel)), (.refusedKernel, refused),
                (.ramdisk, ramdisk), (.badRamdisk, damaged(ramdisk)),
            ] {
                try handle.seek(toOffset: UInt64((start + Int(part.rawValue)) * Self.sector))
                try handle.write(contentsOf: content)
            }
        }
        return file
    }

    /// An arm64 Image whose code is a call of PSCI's SYSTEM_RESET.
    private static let resettingKernel: Data = {
        var words = [UInt32](repeating: 0, count: 32)
        words[0] = 0x1400_0010  // b 0x40
        words[2] = 0  // text_offset
        words[4] = 4096  // image_size
        words[14] = 0x644d_5241  // "ARM\x64" (Linux, Documentation/arch/arm64/booting.rst)
        words[16] = 0x5280_0120  // mov w0, #9
        words[17] = 0x72b0_8000  // movk w0, #0x8400, lsl #16: SYSTEM_RESET (Arm DEN 0022)
        words[18] = 0xd400_0002  // hvc #0
        words[19] = 0x1400_0000  // b .
        return Data(words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } })
    }()

    private func image(_ content: Data, type: String, name: String) throws -> Data {
        let source = folder.appendingPathComponent("\(name).bin")
        let file = folder.appendingPathComponent("\(name).uimage")
        try content.write(to: source)
        try UImage.write(source, to: file, type: type, compression: "none", address: "0x40200000", name: name)
        return try Data(contentsOf: file)
    }

    private static func header(_ fault: FailureReason?) throws -> [UInt8] {
        if fault == .header { return Array(repeating: 0, count: SlotHeader.blockSize) }
        let kernel: Part = fault == .kernel ? .badKernel : fault == .start ? .refusedKernel : .kernel
        let ramdisk: Part = fault == .initramfs ? .badRamdisk : .ramdisk
        let verity: Part = fault == .root ? .noVerity : .verity
        func range(_ part: Part) -> Range<UInt32> { part.rawValue..<(part.rawValue + Part.size) }
        return try SlotHeader(
            root: 8, hashTree: 8, verity: verity.rawValue, kernel: range(kernel), ramdisk: range(ramdisk)
        ).encoded()
    }

    private func lay(out situation: BootSelection.Situation, on card: URL) throws {
        let handle = try FileHandle(forUpdating: card)
        defer { try? handle.close() }
        for (offset, block) in zip(BootState.copyOffsets, situation.copies) {
            try handle.seek(toOffset: UInt64(offset))
            try handle.write(contentsOf: Data(block))
        }
        for (slot, start) in Self.slotStart {
            try handle.seek(toOffset: UInt64(start * Self.sector))
            try handle.write(contentsOf: Data(try Self.header(situation.faults[slot])))
        }
    }

    private func makeTable(_ situations: [BootSelection.Situation], isWritable: Bool) throws -> URL {
        let file = folder.appendingPathComponent("bench-table.img")
        try? FileManager.default.removeItem(at: file)
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        try handle.truncate(
            atOffset: UInt64((Self.resultStart + Self.resultSize * (situations.count + 1)) * Self.sector))
        for (index, situation) in situations.enumerated() {
            var record = Data()
            for block in situation.copies {
                record += block.isEmpty ? Array(repeating: 0, count: BootState.blockSize) : block
            }
            for slot in Slot.allCases { record += try Self.header(situation.faults[slot]) }
            record += Data(count: (Self.noteOffset - 4) * Self.sector)
            record += situation.note?.encoded() ?? Array(repeating: 0xa5, count: BootNote.size)
            try handle.seek(toOffset: UInt64((Self.caseStart + index * Self.caseSize) * Self.sector))
            try handle.write(contentsOf: record)
        }
        let text = try String(contentsOf: Resources.firmware("boot.cmd"), encoding: .utf8)
        let source = folder.appendingPathComponent("bench.cmd")
        try (driver(cases: situations.count, isWritable: isWritable) + text).write(
            to: source, atomically: true, encoding: .utf8)
        let script = folder.appendingPathComponent("bench.scr")
        try Command(
            "mkimage", ["-A", "arm64", "-T", "script", "-C", "none", "-n", "bench", "-d", source.path, script.path]
        )
        .run()
        let content = try Data(contentsOf: script)
        guard content.count <= Self.scriptSize * Self.sector else {
            throw FwtoolError("the boot script has outgrown the bench")
        }
        try handle.seek(toOffset: UInt64(Self.scriptStart * Self.sector))
        try handle.write(contentsOf: content)
        return file
    }

    /// What runs before the boot script. All numbers of U-Boot are hexadecimal.
    private func driver(cases: Int, isWritable: Bool) -> String {
        func hex(_ number: Int) -> String { String(number, radix: 16) }
        let buffer = hex(Self.base + 0x610_0000)
        let second = hex(Self.base + 0x610_0200)
        let third = hex(Self.base + 0x610_0400)
        let fourth = hex(Self.base + 0x610_0600)
        let note = hex(Self.base + BootNote.offset)
        let layOut =
            isWritable
            ? """
            virtio dev 0
            virtio write \(buffer) 40 1; virtio write \(second) 80 1
            virtio write \(third) \(hex(Self.slotStart[.a] ?? 0)) 1; virtio write \(fourth) \(hex(Self.slotStart[.b] ?? 0)) 1
            virtio dev 1
            """ : ""
        return """
            setenv base 0x\(hex(Self.base)); setenv console console=none; setenv devtype virtio; setenv devnum 0
            virtio dev 1
            virtio read \(buffer) 0 1
            setexpr.l case *\(buffer)
            if itest ${case} -gt 0; then
              setexpr place ${case} - 1; setexpr place ${place} * \(hex(Self.resultSize))
              setexpr place ${place} + \(hex(Self.resultStart)); setexpr noteplace ${place} + \(hex(Self.noteOffset))
              virtio write \(note) ${noteplace} 8
              virtio dev 0; virtio read \(buffer) 40 1; virtio read \(second) 80 1
              virtio dev 1; virtio write \(buffer) ${place} 2
            fi
            if itest ${case} == \(hex(cases)); then echo "bench: done"; poweroff; fi
            setexpr place ${case} * \(hex(Self.caseSize)); setexpr place ${place} + \(hex(Self.caseStart))
            setexpr noteplace ${place} + \(hex(Self.noteOffset))
            virtio read \(note) ${noteplace} 8
            virtio read \(buffer) ${place} 4
            \(layOut)
            setexpr following ${case} + 1; mw.l \(buffer) ${following}; virtio write \(buffer) 0 1
            echo "bench: case ${case}"

            """
    }

    // MARK: - The run

    private func runQEMU(card: URL, table: URL, isWritable: Bool, cases: Int) throws -> String {
        // The environment in flash spares U-Boot's own search for something to boot, two seconds each time.
        let environment = """
            bootdelay=-2
            bootcmd=virtio dev 1; virtio read 0x42400000 \(String(Self.scriptStart, radix: 16)) \(String(Self.scriptSize, radix: 16)); source 0x42400000
            fdt_addr=0x40000000
            fdt_high=0xffffffffffffffff
            initrd_high=0xffffffffffffffff
            stdin=serial
            stdout=serial
            stderr=serial

            """
        let text = folder.appendingPathComponent("bench-env.txt")
        let flash = folder.appendingPathComponent("bench-env.img")
        try environment.write(to: text, atomically: true, encoding: .utf8)
        // CONFIG_ENV_SIZE of Debian's qemu_arm64 build; each flash of the machine has 64 MiB.
        try Command("mkenvimage", ["-s", "0x40000", "-o", flash.path, text.path]).run()
        let code = folder.appendingPathComponent("bench-code.img")
        try? FileManager.default.removeItem(at: code)
        try FileManager.default.copyItem(at: uboot, to: code)
        for file in [flash, code] {
            let handle = try FileHandle(forUpdating: file)
            try handle.truncate(atOffset: 64 << 20)
            try handle.close()
        }
        var words = [
            "-machine", "virt,acpi=off", "-cpu", "cortex-a53", "-m", "512M", "-nodefaults", "-display", "none",
        ]
        words += ["-serial", "stdio", "-drive", "if=pflash,unit=0,format=raw,readonly=on,file=\(code.path)"]
        words += ["-drive", "if=pflash,unit=1,format=raw,file=\(flash.path)"]
        // U-Boot numbers them from the last.
        words += ["-drive", "if=none,id=table,format=raw,cache=unsafe,file=\(table.path)"]
        words += ["-device", "virtio-blk-device,drive=table"]
        words += [
            "-drive", "if=none,id=card,format=raw,cache=unsafe,file=\(card.path)\(isWritable ? "" : ",readonly=on")",
        ]
        words += ["-device", "virtio-blk-device,drive=card"]
        return try Command("qemu-system-aarch64", words, deadline: 60 + 5 * Double(cases)).run()
    }

    private func outcomes(of count: Int, console: String, table: URL) throws -> [Outcome] {
        var outcomes: [Outcome] = []
        for line in console.split(whereSeparator: \.isNewline).map(String.init) {
            if line.hasPrefix("bench: case") { outcomes.append(Outcome()) }
            let words = line.split(separator: " ").map(String.init)
            guard words.first == "apus:", !outcomes.isEmpty, words.count >= 5 else { continue }
            func plain(_ word: String) -> String { word.filter { $0 != "(" && $0 != ")" && $0 != "," } }
            if words[1] == "starting" {
                outcomes[outcomes.count - 1].starts.append(words[4...].joined(separator: " "))
            }
            if line.contains("cannot be loaded"), words.count >= 7 {
                outcomes[outcomes.count - 1].failures.append("\(words[2]) \(plain(words[6]))")
            }
        }
        guard outcomes.count == count else {
            throw FwtoolError("the bench ended after \(outcomes.count) of \(count) cases: \(console.suffix(2000))")
        }
        let handle = try FileHandle(forReadingFrom: table)
        defer { try? handle.close() }
        for index in outcomes.indices {
            try handle.seek(toOffset: UInt64((Self.resultStart + index * Self.resultSize) * Self.sector))
            let record = [UInt8](try handle.read(upToCount: Self.resultSize * Self.sector) ?? Data())
            outcomes[index].copies = [Array(record[..<512]), Array(record[512..<1024])]
            outcomes[index].note = Array(
                record[(Self.noteOffset * Self.sector)..<(Self.noteOffset * Self.sector + BootNote.size)])
        }
        return outcomes
    }
}

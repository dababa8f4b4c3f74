import BootState
import Foundation

/// A card image as the emulator reads it: its partitions, and copies made of it to run from.
///
/// The image a build made is never changed: the board runs from a copy.
struct EmulatorCard: Sendable {
    /// The image file, or the copy of it.
    private(set) var file: URL
    /// The image as it was named, for messages.
    private let origin: String
    /// The four primary partitions, in bytes; p1 is the first.
    private(set) var partitions: [Range<Int64>]

    private static let sectorSize: Int64 = 512
    /// Disk signature of Apus cards at offset 440 of the first sector: "APUS". The initramfs looks for the same.
    private static let signature = Array("APUS".utf8)

    /// Reads the partition table.
    ///
    /// - Throws: `FwtoolError` for a file that cannot be read, is no Apus card image or is shorter than its table says.
    init(file: URL) throws {
        self.file = file
        origin = file.path
        let sector: [UInt8]
        let size: Int64
        do {
            let handle = try FileHandle(forReadingFrom: file)
            defer { try? handle.close() }
            sector = Array(try handle.read(upToCount: Int(Self.sectorSize)) ?? Data())
            size = Int64(try handle.seekToEnd())
        } catch {
            throw FwtoolError(
                "the card image \(file.path) cannot be read: \(error.localizedDescription)",
                remedy: "build it with: fwtool image, or name another file")
        }
        // 0x55 0xAA end a master boot record; its four partition entries of 16 bytes start at 446.
        guard sector.count == Self.sectorSize, sector[510] == 0x55, sector[511] == 0xAA,
            Array(sector[440..<444]) == Self.signature
        else {
            throw FwtoolError("\(file.path) is no Apus card image", remedy: "build one with: fwtool image")
        }
        partitions = []
        for entry in 0..<4 {
            let bytes = sector[(446 + 16 * entry)..<(446 + 16 * entry + 16)]
            func word(_ offset: Int) -> Int64 {
                (0..<4).reduce(0) { $0 | Int64(bytes[bytes.startIndex + offset + $1]) << (8 * Int64($1)) }
            }
            let start = word(8) * Self.sectorSize
            let end = start + word(12) * Self.sectorSize
            guard start > 0, end > start, end <= size else {
                throw FwtoolError(
                    "the card image \(file.path) is damaged: partition \(entry + 1) does not lie within its \(size) bytes",
                    remedy: "build it again with: fwtool image")
            }
            partitions.append(start..<end)
        }
    }

    /// Copies the image, sparse, and grows the copy to the next power of two: QEMU's SD cards have no other sizes.
    func copy(to target: URL) throws -> EmulatorCard {
        try Command("cp", ["--sparse=always", "--reflink=auto", file.path, target.path], deadline: 600).run()
        do {
            let handle = try FileHandle(forUpdating: target)
            defer { try? handle.close() }
            try handle.truncate(atOffset: Self.powerOfTwo(notBelow: try handle.seekToEnd()))
        } catch {
            throw FwtoolError(
                "the copy \(target.path) cannot be grown: \(error.localizedDescription)", remedy: "free space there")
        }
        var copy = self
        copy.file = target
        return copy
    }

    static func powerOfTwo(notBelow size: UInt64) -> UInt64 {
        var power: UInt64 = 1
        // A file's size is below 2^63, so the shift cannot run out of bits.
        while power < size { power <<= 1 }
        return power
    }

    /// Checks that the card was built for a board: the files on its FAT partition are the board's.
    ///
    /// - Throws: `FwtoolError` that names a file that is missing, or too many.
    func check(isFor board: BoardProfile) throws {
        // One name a line, each as ::/NAME.
        let names = try EmulatorTool.mdir.run(["-b", "-i", volume, "::"]).split(separator: "\n").map { $0.dropFirst(3) }
        func has(_ name: String) -> Bool { names.contains { $0.lowercased() == name.lowercased() } }
        let problem: String? =
            if let missing = board.boot.files.first(where: { !has($0.name) }) {
                "it has no \(missing.name)"
            } else if has("config.txt") != (board.boot.config != nil) {
                board.boot.config == nil ? "it has a config.txt" : "it has no config.txt"
            } else { nil }
        if let problem {
            throw FwtoolError(
                "the card image \(origin) is not built for \(board.name): \(problem)",
                remedy: "build it with fwtool build --target \(board.name), or name its board with --target")
        }
    }

    /// The FAT partition as mtools name it.
    private var volume: String { "\(file.path)@@\(partitions[0].lowerBound)" }

    /// Copies a file out of the FAT partition.
    func extract(_ name: String, to target: URL) throws {
        do {
            try EmulatorTool.mcopy.run(["-n", "-i", volume, "::\(name)", target.path])
        } catch {
            throw FwtoolError(
                "\(name) cannot be read from the boot partition of \(origin): \(error)",
                remedy: "build the image again for this board: fwtool image")
        }
    }

    /// Provisions the card, as `fwtool burn` and `fwtool image` do; what was provisioned before is gone.
    ///
    /// - Throws: `FwtoolError` for keys and values that are not one line.
    func provision(_ values: [(key: String, value: String)]) throws {
        do {
            let provisioning = try Provisioning(Dictionary(values.map { ($0.key, $0.value) }) { _, last in last })
            let handle = try FileHandle(forUpdating: file)
            defer { try? handle.close() }
            try provisioning.write(to: handle)
        } catch let error as ProvisioningError {
            throw FwtoolError("\(error)", remedy: "write settings as NAME=VALUE, on one line")
        }
    }
}

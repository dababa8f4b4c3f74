import Foundation

/// The few facts of an ELF file (System V ABI, chapters 4 and 5) that composing a root image needs.
struct ELF {
    /// `e_machine`: 183 is AArch64 (ELF for the Arm 64-bit Architecture, section 5.1).
    var machine: UInt16
    /// Names of `DT_NEEDED`: the shared libraries it wants at run time.
    var needed: [String]
    /// The path of its dynamic linker, `PT_INTERP`.
    var interpreter: String?

    static let aarch64: UInt16 = 183

    /// What e_machine says, for people.
    static func machineName(_ machine: UInt16) -> String {
        [3: "i386", 40: "arm (32 bit)", 62: "x86-64", 183: "arm64", 243: "riscv"][machine] ?? "machine \(machine)"
    }

    /// A program of the developer's machine in an image would fail on the device with "Exec format error", where nobody
    /// sees it.
    ///
    /// - Parameter name: how the error names the file.
    func requireDevice(_ name: String) throws {
        guard machine != Self.aarch64 else { return }
        throw FwtoolError(
            "\(name) is built for \(Self.machineName(machine)), the device is arm64",
            remedy: "build it with the device's Swift SDK, or take it out of the app's overlay")
    }

    /// Nil where the file is no ELF file; throws where it is one but damaged or not 64-bit little-endian.
    static func read(_ file: URL) throws -> ELF? {
        let data = try Data(contentsOf: file, options: .mappedIfSafe)
        guard data.count >= 4, data.prefix(4) == Data([0x7f, 0x45, 0x4c, 0x46]) else { return nil }
        return try ELF(data, name: file.path)
    }

    init(_ data: Data, name: String) throws {
        let damaged = FwtoolError("\(name) is a damaged ELF file", remedy: "build or install it anew")
        func number<T: FixedWidthInteger>(_ offset: Int, _: T.Type) throws -> T {
            guard offset >= 0, offset <= data.count - MemoryLayout<T>.size else { throw damaged }
            return data.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
        }
        func position(_ value: UInt64) throws -> Int {
            guard value <= UInt64(data.count) else { throw damaged }
            return Int(value)
        }
        func string(at offset: Int) throws -> String {
            guard offset >= 0, offset < data.count, let end = data[(data.startIndex + offset)...].firstIndex(of: 0)
            else { throw damaged }
            return String(decoding: data[(data.startIndex + offset)..<end], as: UTF8.self)
        }

        guard data.count >= 64 else { throw damaged }
        machine = try number(18, UInt16.self)
        needed = []
        // A 32-bit or big-endian file: its machine is all we need to refuse it.
        guard data[data.startIndex + 4] == 2, data[data.startIndex + 5] == 1 else { return }

        let headers = try position(try number(32, UInt64.self))
        let size = Int(try number(54, UInt16.self))
        let count = Int(try number(56, UInt16.self))
        guard count == 0 || size >= 56 else { throw damaged }
        var loads: [(address: UInt64, size: UInt64, offset: UInt64)] = []
        var dynamic: (offset: Int, size: Int)?
        for index in 0..<count {
            let header = headers + index * size
            let type = try number(header, UInt32.self)
            let offset = try number(header + 8, UInt64.self)
            let length = try number(header + 32, UInt64.self)
            switch type {
            case 1: loads.append((try number(header + 16, UInt64.self), length, offset))  // PT_LOAD
            case 2: dynamic = (try position(offset), try position(length))  // PT_DYNAMIC
            case 3: interpreter = try string(at: try position(offset))  // PT_INTERP
            default: break
            }
        }
        guard let dynamic else { return }
        var names: [UInt64] = []
        var table: UInt64?
        for entry in stride(from: dynamic.offset, to: dynamic.offset + dynamic.size, by: 16) {
            let tag = try number(entry, UInt64.self)
            let value = try number(entry + 8, UInt64.self)
            if tag == 0 { break }  // DT_NULL
            if tag == 1 { names.append(value) }  // DT_NEEDED
            if tag == 5 { table = value }  // DT_STRTAB
        }
        guard !names.isEmpty else { return }
        guard let table, let load = loads.first(where: { $0.address <= table && table - $0.address < $0.size }) else {
            throw damaged
        }
        let start = try position(table - load.address + load.offset)
        needed = try names.map { try string(at: start + (try position($0))) }
    }
}

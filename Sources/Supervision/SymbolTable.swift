internal import Glibc

/// The names of functions, from the symbol table of an ELF file of 64 bits (elf(5)).
enum SymbolTable {
    /// Sizes and numbers of elf(5).
    private enum ELF {
        static let headerSize = 64
        static let sectionSize = 64
        static let symbolSize = 24
        static let symbolTable: UInt32 = 2
        static let dynamicSymbols: UInt32 = 11
        static let functionType: UInt8 = 2
    }

    /// For each address the function it lies in; nil where the file does not say, as when it is stripped.
    ///
    /// - Parameters:
    ///   - addresses: in the file's own addresses.
    ///   - path: the executable or library.
    static func functions(at addresses: [UInt64], in path: String) -> [(name: String, offset: UInt64)?] {
        let none = [(name: String, offset: UInt64)?](repeating: nil, count: addresses.count)
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return none }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size > ELF.headerSize else { return none }
        let size = Int(status.st_size)
        guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), base != MAP_FAILED else { return none }
        defer { munmap(base, size) }
        return search(UnsafeRawBufferPointer(start: base, count: size), addresses) ?? none
    }

    private struct Section {
        let type: UInt32
        let link: UInt32
        let start: Int
        let size: Int
    }

    /// nil when the bytes are no such file.
    private static func search(
        _ bytes: UnsafeRawBufferPointer, _ addresses: [UInt64]
    ) -> [(name: String, offset: UInt64)?]? {
        let isELF64 = bytes.starts(with: [0x7F, UInt8(ascii: "E"), UInt8(ascii: "L"), UInt8(ascii: "F"), 2, 1])
        guard isELF64, let table = load(bytes, 40, as: UInt64.self), let count = load(bytes, 60, as: UInt16.self) else {
            return nil
        }
        guard let table = Int(exactly: table), table <= bytes.count else { return nil }
        let sections = (0..<Int(count)).compactMap { section(bytes, table + $0 * ELF.sectionSize) }
        // The full table, else the names that are there for other files.
        let symbols = sections.first { $0.type == ELF.symbolTable } ?? sections.first { $0.type == ELF.dynamicSymbols }
        guard let symbols, sections.count == count, Int(symbols.link) < sections.count else { return nil }
        let names = sections[Int(symbols.link)]

        var found = [(name: String, offset: UInt64)?](repeating: nil, count: addresses.count)
        for place in stride(
            from: symbols.start, to: symbols.start + symbols.size - ELF.symbolSize + 1, by: ELF.symbolSize)
        {
            guard bytes[place + 4] & 0xF == ELF.functionType else { continue }
            guard let start = load(bytes, place + 8, as: UInt64.self),
                let size = load(bytes, place + 16, as: UInt64.self)
            else { return nil }
            for (index, address) in addresses.enumerated() where address >= start && address - start < size {
                guard let name = load(bytes, place, as: UInt32.self), Int(name) < names.size else { continue }
                let text = bytes[(names.start + Int(name))..<(names.start + names.size)].prefix { $0 != 0 }
                found[index] = (String(decoding: text, as: UTF8.self), address - start)
            }
        }
        return found
    }

    /// A section that lies in the file.
    private static func section(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> Section? {
        guard let type = load(bytes, place + 4, as: UInt32.self), let start = load(bytes, place + 24, as: UInt64.self),
            let size = load(bytes, place + 32, as: UInt64.self), let link = load(bytes, place + 40, as: UInt32.self)
        else { return nil }
        // Of type 8 (SHT_NOBITS) there is nothing in the file.
        let isInside = start <= UInt64(bytes.count) && size <= UInt64(bytes.count) - start
        return Section(type: type, link: link, start: isInside ? Int(start) : 0, size: isInside ? Int(size) : 0)
    }

    private static func load<Value: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, _ place: Int, as type: Value.Type
    ) -> Value? {
        guard place >= 0, place <= bytes.count - MemoryLayout<Value>.size else { return nil }
        return bytes.loadUnaligned(fromByteOffset: place, as: type)
    }
}

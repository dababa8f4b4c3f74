internal import CLinux
internal import Glibc
internal import Synchronization

/// What the thread of a crashed cell was doing, the place of the crash first.
public final class CellBacktrace: Sendable {
    /// One place. Its description is the function's name as in the sources and the offset in it, else the file and the
    /// offset in that, for which `llvm-symbolizer --obj=FILE OFFSET` knows the line.
    public struct Frame: Sendable, CustomStringConvertible {
        /// The path of the executable or library; nil when the address lay in none.
        public let file: String?
        /// In the file's own addresses, as `nm` shows them; the address itself without a file.
        public let offset: UInt64
        /// The function, and how many bytes from its beginning; nil when the file does not say.
        public let function: (name: String, offset: UInt64)?

        public var description: String {
            if let function { return "\(function.name) + \(function.offset)" }
            let place = "0x\(String(offset, radix: 16))"
            return file.map { "\($0.split(separator: "/").last ?? "") + \(place)" } ?? place
        }
    }

    private struct Module {
        let path: Substring
        var start: UInt64
        var end: UInt64
    }

    private let places: [(file: String?, offset: UInt64)]
    private let resolved = Mutex<[Frame]?>(nil)

    /// - Parameters:
    ///   - addresses: where it crashed, and return addresses.
    ///   - maps: /proc/self/maps of the crashed process.
    init(_ addresses: [UInt64], maps: [UInt8]) {
        let modules = Self.modules(in: maps)
        places = addresses.enumerated().map { index, address in
            // A return address is that of the instruction after the call, which may belong to another function.
            let address = index == 0 ? address : address &- 1
            guard let module = modules.first(where: { $0.start <= address && address < $0.end }) else {
                return (nil, address)
            }
            // The files that Swift links are position-independent: their own addresses begin at 0.
            return (String(module.path), address - module.start)
        }
    }

    /// The frames, with the names of their functions. Reads the symbol tables when first asked, which takes milliseconds.
    public var frames: [Frame] {
        resolved.withLock { resolved in
            if let resolved { return resolved }
            let frames = resolve()
            resolved = frames
            return frames
        }
    }

    /// The first in the program's own executable, where as a rule the mistake is.
    public var ownFrame: Frame? {
        let executable = Self.executable
        guard let index = places.firstIndex(where: { $0.file == executable }) else { return nil }
        return frames[index]
    }

    /// The line of source code of ``ownFrame``, such as "/home/me/Station/Barometer.swift:42"; nil when nobody knows.
    ///
    /// Asks llvm-symbolizer or addr2line, which a developer's machine has and a device has not, so it takes some tenths
    /// of a second; and the executable must have its debug information still.
    public var sourceLocation: String? {
        get async {
            guard let place = places.first(where: { $0.file == Self.executable }) else { return nil }
            return await Symbolizer.location(of: place.offset, in: Self.executable)
        }
    }

    private func resolve() -> [Frame] {
        var functions: [Int: (name: String, offset: UInt64)] = [:]
        for (file, indices) in Dictionary(grouping: places.indices, by: { places[$0].file }) {
            guard let file else { continue }
            // The running file, also when another has taken its place.
            let names = SymbolTable.functions(
                at: indices.map { places[$0].offset }, in: file == Self.executable ? "/proc/self/exe" : file)
            for (index, name) in zip(indices, names) { functions[index] = name }
        }
        return places.indices.map { index in
            Frame(
                file: places[index].file, offset: places[index].offset,
                function: functions[index].map { (Self.demangled($0.name), $0.offset) })
        }
    }

    private static let executable: String = {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink("/proc/self/exe", $0, bytes.count) } ?? 0
        }
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }()

    private typealias Demangler =
        @convention(c) (
            UnsafePointer<CChar>, Int, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<Int>?
        ) -> UnsafeMutablePointer<CChar>?

    /// Of the runtime's own backtraces: names without types. In some runtimes, and in none that is linked statically.
    private static let shortDemangler = dlsym(nil, "_swift_backtrace_demangle").map {
        unsafeBitCast($0, to: Demangler.self)
    }

    private static func demangled(_ name: String) -> String {
        var size = 0
        let text =
            if let shortDemangler { shortDemangler(name, name.utf8.count, nil, &size) } else {
                swift_demangle(name, name.utf8.count, nil, nil, 0)
            }
        guard let text else { return name }
        defer { free(text) }
        return String(cString: text)
    }

    /// Files and where they begin and end in memory.
    private static func modules(in maps: [UInt8]) -> [Module] {
        var modules: [Module] = []
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            // start-end permissions offset device inode path (proc(5)); a path may have spaces.
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count == 6, let range = Self.range(fields[0]) else { continue }
            let path = fields[5].drop { $0 == " " }
            guard path.first == "/" else { continue }
            if let index = modules.lastIndex(where: { $0.path == path }) {
                modules[index].end = max(modules[index].end, range.upperBound)
            } else {
                modules.append(Module(path: path, start: range.lowerBound, end: range.upperBound))
            }
        }
        return modules
    }

    private static func range(_ text: Substring) -> Range<UInt64>? {
        let ends = text.split(separator: "-")
        guard ends.count == 2, let start = UInt64(ends[0], radix: 16), let end = UInt64(ends[1], radix: 16), start < end
        else { return nil }
        return start..<end
    }
}

internal import Glibc
internal import Threads

/// A tree of files like the kernel's, in this process only, with what goes wrong in it.
public final class SimulatedSysfs: Sendable {
    /// What becomes of a read or a write.
    public enum Fault: Sendable, Hashable {
        /// The device was taken away in this moment.
        case absent
        /// The device gave no right answer.
        case inputOutput
        /// It takes so much longer.
        case slow(Duration)
    }

    /// What a write does beside changing the file: it returns why it is refused, or nil.
    public typealias Effect = @Sendable (_ tree: SimulatedSysfs, _ text: String) -> String?

    private struct State {
        var files: [String: String] = [:]
        var links: [String: String] = [:]
        var faults: [String: [Fault]] = [:]
        var effects: [String: Effect] = [:]
        var views: [String: @Sendable (String) -> String] = [:]
    }

    static let root = "simulated"

    private let state = Lock(State())

    /// An empty tree.
    public init() {}

    /// What a file says; nil where there is none.
    public subscript(path: String) -> String? {
        get { state.withLock { $0.files[path] } }
        set { state.withLock { $0.files[path] = newValue } }
    }

    /// Makes a symbolic link to a device of that name.
    public func link(_ path: String, to name: String) {
        state.withLock { $0.links[path] = name }
    }

    /// Takes a folder away with all that is in it.
    public func remove(_ folder: String) {
        let prefix = "\(folder)/"
        state.withLock { state in
            state.files = state.files.filter { !$0.key.utf8.starts(with: prefix.utf8) }
            state.links = state.links.filter { !$0.key.utf8.starts(with: prefix.utf8) }
        }
    }

    /// Lets the next reads and writes of a file go wrong, one for each fault, in order and after those already scripted.
    public func script(_ faults: [Fault], at path: String) {
        state.withLock { $0.faults[path, default: []] += faults }
    }

    /// Makes a file that does something when it is written to.
    /// - Parameter reading: what it reads as when something was written.
    public func onWrite(
        _ path: String, _ effect: @escaping Effect, reading: (@Sendable (String) -> String)? = nil
    ) {
        state.withLock { state in
            state.effects[path] = effect
            state.views[path] = reading
            state.files[path] = state.files[path] ?? ""
        }
    }
}

extension SimulatedSysfs: SysfsController {
    func read(_ path: String) throws(SysfsError) -> String {
        try meetFault(path, "read")
        let (text, view) = state.withLock { ($0.files[path], $0.views[path]) }
        guard let text else { throw .absent(path: "\(Self.root)/\(path)") }
        return view?(text) ?? text
    }

    func write(_ text: String, to path: String) throws(SysfsError) {
        try meetFault(path, "write \"\(text)\" to")
        let place = "\(Self.root)/\(path)"
        let (exists, effect) = state.withLock { ($0.files[path] != nil, $0.effects[path]) }
        guard exists else { throw .absent(path: place) }
        if let reason = effect?(self, text) {
            throw .failed(path: place, operation: "write \"\(text)\" to", reason: reason)
        }
        self[path] = text
    }

    func list(_ path: String) throws(SysfsError) -> [String] {
        let prefix = "\(path)/"
        let names = state.withLock { state in
            var names: Set<String> = []
            for file in [Array(state.files.keys), Array(state.links.keys)].joined() {
                guard file.utf8.starts(with: prefix.utf8) else { continue }
                let rest = file.utf8.dropFirst(prefix.utf8.count)
                names.insert(String(decoding: rest.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self))
            }
            return names
        }
        guard !names.isEmpty else { throw .absent(path: "\(Self.root)/\(path)") }
        return Array(names)
    }

    func linkTarget(_ path: String) -> String? { linkParts(path).last }

    func linkParent(_ path: String) -> String? { linkParts(path).dropLast().last }

    private func linkParts(_ path: String) -> [String] {
        (state.withLock { $0.links[path] } ?? "").split(separator: "/").map(String.init)
    }

    private func meetFault(_ path: String, _ operation: String) throws(SysfsError) {
        let place = "\(Self.root)/\(path)"
        let fault = state.withLock { state in
            let fault = state.faults[path].flatMap(\.first)
            if fault != nil { state.faults[path]?.removeFirst() }
            return fault
        }
        switch fault {
        case .absent: throw .absent(path: place)
        case .inputOutput: throw .failed(path: place, operation: operation, reason: systemMessage(EIO))
        case .slow(let duration): blockThread(duration)
        case nil: break
        }
    }
}

import Foundation
internal import Yams

/// A place in a YAML tree that knows its file, line and column, so that every refusal can say where.
struct YAMLNode {
    var file: String
    /// The keys that lead here, for example `boot.files[2]`; empty at the top.
    var path: String
    private let node: Node

    /// The files read here are a few kilobytes. The limit keeps one named by mistake from being read into a tree.
    static let sizeLimit = 256 * 1024

    /// Parses a document.
    ///
    /// - Throws: `FwtoolError` with file, line and column for text that is no YAML.
    init(text: String, file: String) throws {
        let root: Node?
        do {
            root = try compose(yaml: text)
        } catch let error as YamlError {
            throw Self.refusal(of: error, file: file)
        }
        guard let root else {
            throw FwtoolError("\(file):1:1: the file is empty")
        }
        self.init(file: file, path: "", node: root)
    }

    private init(file: String, path: String, node: Node) {
        self.file = file
        self.path = path
        self.node = node
    }

    // MARK: - Refusals

    /// `FILE:LINE:COLUMN: WHAT`.
    func refusal(_ what: String, remedy: String = "") -> FwtoolError {
        Self.refusal(what, at: node.mark, file: file, remedy: remedy)
    }

    private static func refusal(_ what: String, at mark: Mark?, file: String, remedy: String = "") -> FwtoolError {
        FwtoolError("\(file):\(mark?.line ?? 1):\(mark?.column ?? 1): \(what)", remedy: remedy)
    }

    private static func refusal(of error: YamlError, file: String) -> FwtoolError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return refusal("this is no YAML: \(problem)", at: mark, file: file)
        case .reader(let problem, let offset, _, _):
            return FwtoolError("\(file): this is no YAML: \(problem) at byte \(offset ?? 0)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.sorted().map { "'\($0)'" }.joined(separator: ", ")
            return refusal("the key \(keys) is given twice", at: context.mark, file: file, remedy: "keep one of them")
        default:
            return FwtoolError("\(file): this is no YAML: \(error)")
        }
    }

    /// What the node is, in words for a refusal.
    private var kind: String {
        switch node {
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        case .alias: return "an alias"
        case .scalar(let scalar):
            switch Resolver.default.resolveTag(of: node) {
            case .null: return "nothing"
            case .str: return "the text '\(scalar.string.prefix(40))'"
            case .bool: return "the truth value \(scalar.string)"
            default: return "the value \(scalar.string.prefix(40))"
            }
        }
    }

    private var subject: String { path.isEmpty ? "the file" : "'\(path)'" }

    // MARK: - Mappings

    /// The values of a mapping whose keys are fixed.
    struct Fields {
        fileprivate var values: [String: YAMLNode]
        fileprivate var owner: YAMLNode

        func optional(_ key: String) -> YAMLNode? { values[key] }

        func required(_ key: String) throws -> YAMLNode {
            guard let value = values[key] else {
                throw owner.refusal(
                    "\(owner.subject) has no key '\(key)'",
                    remedy: "add it")
            }
            return value
        }
    }

    /// A mapping with these keys and no others.
    func fields(_ keys: String...) throws -> Fields {
        var values: [String: YAMLNode] = [:]
        for (key, value) in try pairs() {
            guard keys.contains(key.name) else {
                let near = NearestMatch.of(key.name, in: keys)
                throw key.node.refusal(
                    "unknown key '\(key.name)' in \(subject)",
                    remedy: near.map { "did you mean '\($0)'?" } ?? "known keys: \(keys.joined(separator: ", "))")
            }
            values[key.name] = value
        }
        return Fields(values: values, owner: self)
    }

    /// A mapping whose keys are names, in the order of the file.
    func pairs() throws -> [(key: (name: String, node: YAMLNode), value: YAMLNode)] {
        guard case .mapping(let mapping) = node else {
            throw refusal("\(subject) must be a mapping (key: value), not \(kind)")
        }
        return try mapping.map { key, value in
            let keyNode = YAMLNode(file: file, path: path, node: key)
            guard case .scalar(let scalar) = key else {
                throw keyNode.refusal("a key in \(subject) must be a word, not \(keyNode.kind)")
            }
            let name = scalar.string
            let inner = YAMLNode(file: file, path: path.isEmpty ? name : "\(path).\(name)", node: value)
            return ((name, keyNode), inner)
        }
    }

    // MARK: - Lists and scalars

    /// The elements of a list.
    func elements() throws -> [YAMLNode] {
        guard case .sequence(let sequence) = node else {
            throw refusal("\(subject) must be a list, not \(kind)")
        }
        return sequence.enumerated().map { index, element in
            YAMLNode(file: file, path: "\(path)[\(index)]", node: element)
        }
    }

    /// Text. What YAML reads as a number, a truth value or null needs quotes, so that `no` is never the word "no".
    func string() throws -> String {
        guard case .scalar(let scalar) = node, Resolver.default.resolveTag(of: node) == .str else {
            throw refusal("\(subject) must be text, not \(kind)", remedy: isScalar ? "put it in quotes" : "")
        }
        guard !scalar.string.isEmpty else { throw refusal("\(subject) is empty") }
        return scalar.string
    }

    /// Text that is made of nothing but the given characters; `rule` says so in words.
    func string(where rule: String, _ accepts: (Unicode.Scalar) -> Bool) throws -> String {
        let text = try string()
        guard text.unicodeScalars.allSatisfy(accepts) else {
            throw refusal("\(subject) is '\(text)', but may hold \(rule) only")
        }
        return text
    }

    /// One of an enumeration's raw values.
    func choice<Choice: RawRepresentable & CaseIterable>(_: Choice.Type) throws -> Choice
    where Choice.RawValue == String {
        let text = try string()
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue)
            throw refusal(
                "\(subject) is '\(text)', but must be \(known.joined(separator: " or "))",
                remedy: NearestMatch.of(text, in: known).map { "did you mean '\($0)'?" } ?? "")
        }
        return choice
    }

    /// A whole number within a range.
    func integer(in range: ClosedRange<Int>) throws -> Int {
        guard case .scalar(let scalar) = node, Resolver.default.resolveTag(of: node) == .int,
            let value = Int.construct(from: scalar)
        else {
            throw refusal("\(subject) must be a whole number, not \(kind)")
        }
        guard range.contains(value) else {
            throw refusal("\(subject) is \(value), but must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// `true` or `false`.
    func bool() throws -> Bool {
        guard case .scalar(let scalar) = node, Resolver.default.resolveTag(of: node) == .bool,
            let value = Bool.construct(from: scalar)
        else {
            throw refusal("\(subject) must be true or false, not \(kind)")
        }
        return value
    }

    /// What YAML takes it for: which of the readers above will take it.
    enum ValueType { case text, integer, bool, list, other }

    var valueType: ValueType {
        if case .sequence = node { return .list }
        guard isScalar else { return .other }
        switch Resolver.default.resolveTag(of: node) {
        case .str: return .text
        case .int: return .integer
        case .bool: return .bool
        default: return .other
        }
    }

    private var isScalar: Bool {
        if case .scalar = node { return true }
        return false
    }
}

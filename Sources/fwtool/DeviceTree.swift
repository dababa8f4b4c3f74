import Foundation

/// A flattened device tree in a file, changed in place by the tools of the `device-tree-compiler` package.
struct DeviceTree {
    var file: URL

    /// Applies the edits in order.
    ///
    /// - Throws: `FwtoolError` for a file that is no device tree, a node path that matches nothing and a property to
    ///   delete that is not there: the tree is then another one than the board profile was written for.
    func apply(_ edits: [DeviceTreeEdit]) throws {
        for edit in edits {
            if edit.creates, try nodes(along: edit.node).isEmpty { try put(["-c", file.path, edit.node]) }
            for node in try nodes(matching: edit.node) {
                if edit.deletesChildren {
                    for child in try children(of: node) { try put(["-r", file.path, "\(node)/\(child)"]) }
                }
                for property in edit.delete { try put(["-d", file.path, node, property]) }
                for (property, value) in edit.set.sorted(by: { $0.key < $1.key }) {
                    switch value {
                    case .string(let text): try put(["-t", "s", file.path, node, property, text])
                    case .cell(let cell): try put(["-t", "u", file.path, node, property, String(cell)])
                    case .cells(let cells):
                        try put(["-t", "u", file.path, node, property] + (try cells.map(number)))
                    case .flag: try put([file.path, node, property])
                    }
                }
            }
        }
    }

    private func number(_ cell: DeviceTreeEdit.Cell) throws -> String {
        switch cell {
        case .number(let number): return String(number)
        case .reference(let node):
            return try EmulatorTool.fdtget.run(["-t", "u", file.path, node, "phandle"])
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// The nodes whose path matches a pattern, component by component.
    private func nodes(along pattern: String) throws -> [String] {
        var found = [""]
        for component in pattern.split(separator: "/").map(String.init) {
            found = try found.flatMap { parent in
                try children(of: parent).filter { fnmatch(component, $0, 0) == 0 }.map { "\(parent)/\($0)" }
            }
        }
        return found
    }

    /// The same; never none.
    private func nodes(matching pattern: String) throws -> [String] {
        let found = try nodes(along: pattern)
        guard !found.isEmpty else {
            throw FwtoolError(
                "\(file.lastPathComponent) has no node \(pattern)",
                remedy: "the kernel package's device tree has changed; correct the edits in the board profile")
        }
        return found
    }

    private func children(of node: String) throws -> [String] {
        try EmulatorTool.fdtget.run(["-l", file.path, node.isEmpty ? "/" : node]).split(separator: "\n").map(
            String.init)
    }

    private func put(_ arguments: [String]) throws {
        try EmulatorTool.fdtput.run(arguments)
    }
}

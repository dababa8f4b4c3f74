/// One change to a flattened device tree: properties set or deleted on the nodes that match a path.
struct DeviceTreeEdit: Sendable, Equatable {
    /// Absolute node path; `*` and `?` match within one component. It must match at least one node.
    var node: String
    /// Makes the node where it is not there yet; the path is then taken as it is.
    var creates = false
    /// Set in order of name.
    var set: [String: Value]
    /// Names of properties; each must exist on every matching node.
    var delete: [String]
    /// Deletes the nodes below the matching ones.
    var deletesChildren: Bool

    enum Value: Sendable, Equatable {
        case string(String)
        /// One 32-bit cell.
        case cell(UInt32)
        /// 32-bit cells.
        case cells([Cell])
        /// A property without a value, whose presence is the message.
        case flag
    }

    enum Cell: Sendable, Equatable {
        case number(UInt32)
        /// The phandle of the node with this path.
        case reference(String)
    }
}

/// One change to a flattened device tree: properties set or deleted on the nodes that match a path.
struct DeviceTreeEdit: Sendable, Equatable {
    /// Absolute node path; `*` and `?` match within one component. It must match at least one node.
    var node: String
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
        /// A property without a value, whose presence is the message.
        case flag
    }
}

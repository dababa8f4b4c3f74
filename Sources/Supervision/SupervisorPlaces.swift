/// Where the children are that a tree was made with; the same in every process that runs the same program.
extension Supervisor {
    struct Place: Sendable {
        /// The supervisor whose child it is.
        let supervisor: Supervisor
        let spec: ChildSpec
    }

    struct NoPlace: Error {
        let reason: String
    }

    /// - Parameter path: the ids from this supervisor, the outermost, down to the child.
    nonisolated func place(at path: [String]) throws(NoPlace) -> Place {
        guard path.first == id else { throw NoPlace(reason: "its outermost supervisor is named \(id)") }
        var supervisor = self
        for id in path.dropFirst().dropLast() {
            guard case .supervisor(let nested) = try supervisor.initialChild(id).kind else {
                throw NoPlace(reason: "\(id), child of \(supervisor.id), is no supervisor")
            }
            supervisor = nested
        }
        guard path.count > 1, let id = path.last else { throw NoPlace(reason: "the path names no child") }
        return Place(supervisor: supervisor, spec: try supervisor.initialChild(id))
    }

    private nonisolated func initialChild(_ id: String) throws(NoPlace) -> ChildSpec {
        guard let child = initialChildren.first(where: { $0.spec.id == id }) else {
            let known = initialChildren.map(\.spec.id).joined(separator: ", ")
            throw NoPlace(reason: "\(self.id) has no child \(id) when it is made, only: \(known)")
        }
        return child.spec
    }
}

extension JSON {
    /// The members of a JSON object, in the order in which they were read or added; no name occurs twice.
    ///
    /// The order is part of the value: a signature over a serialized object must survive parsing and serializing, and
    /// two objects with the same members in another order are not equal.
    public struct Object: Sendable, Equatable {
        /// One name and its value.
        public struct Member: Sendable, Equatable {
            public let name: String
            public let value: JSON
        }

        public private(set) var members: [Member]

        /// An object without members.
        public init() {
            members = []
        }

        /// For the parser, which has already refused names that occur twice.
        init(uniqueMembers members: [Member]) {
            self.members = members
        }

        /// The value of the member of this name, or nil. Setting replaces the value in place or adds a member at the
        /// end; setting nil removes the member (`JSON.null` is a value, not an absence).
        ///
        /// Linear in the number of members: the objects of sensor readings and manifests have about ten.
        public subscript(name: String) -> JSON? {
            get {
                members.first { $0.name == name }?.value
            }
            set {
                let index = members.firstIndex { $0.name == name }
                switch (index, newValue) {
                case (let index?, let value?): members[index] = Member(name: name, value: value)
                case (let index?, nil): members.remove(at: index)
                case (nil, let value?): members.append(Member(name: name, value: value))
                case (nil, nil): break
                }
            }
        }
    }
}

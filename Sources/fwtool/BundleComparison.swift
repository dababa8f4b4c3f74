import Bundle

/// What an update from one bundle to another brings, and what it costs.
struct BundleComparison {
    /// A payload that only one of the two has, or whose content differs.
    struct PayloadChange: Equatable {
        enum Kind: String { case added, removed, changed }
        var name: String
        var kind: Kind
        /// Bytes of content before and after; 0 where there is none.
        var sizes: (before: Int, after: Int)

        static func == (left: Self, right: Self) -> Bool {
            left.name == right.name && left.kind == right.kind && left.sizes == right.sizes
        }
    }

    /// A package of one or both bills of materials.
    struct PackageChange: Equatable {
        var name: String
        /// Nil where it is not in the bill.
        var before: String?
        var after: String?
    }

    /// A range of the slot whose content the old slot has nowhere.
    struct Range: Equatable {
        /// Bytes from the start of the slot.
        var offset: Int
        var size: Int
        /// Bytes of it in the bundle.
        var storedSize: Int
    }

    var payloads: [PayloadChange]
    var packages: [PackageChange]
    /// In the order of the slot, neighbours merged.
    var ranges: [Range]
    /// Bytes of the new bundle's head, which is fetched in any case.
    var headSize: Int
    /// Bytes of the new bundle.
    var bundleSize: Int
    /// Bytes of chunks of the slot.
    var slotStoredSize: Int

    /// Bytes that a device with the old bundle's slot fetches: the head and the chunks it cannot take from there; zeros
    /// cost nothing. Never more than head and slot as a whole.
    var fetchedSize: Int { headSize + ranges.reduce(0) { $0 + $1.storedSize } }

    /// - Parameters:
    ///   - before, after: the heads of the two bundles.
    ///   - bills: the packages of both, empty where a bundle has no bill of materials.
    init(
        from before: BundleHead, to after: BundleHead,
        bills: (before: [SPDXDocument.Package], after: [SPDXDocument.Package])
    ) {
        payloads = Self.changes(from: before.manifest.payloads, to: after.manifest.payloads)
        packages = Self.changes(from: bills.before, to: bills.after)
        headSize = after.size
        bundleSize = after.bundleSize
        let known = Set(
            before.payload(named: Manifest.slotName).map { before.chunks.of(payload: $0).map(\.sha256) } ?? [])
        let slot = after.payload(named: Manifest.slotName).map { Array(after.chunks.of(payload: $0)) } ?? []
        slotStoredSize = slot.reduce(0) { $0 + $1.storedSize }
        ranges = []
        for chunk in slot where !chunk.isZero && !known.contains(chunk.sha256) {
            if let last = ranges.last, last.offset + last.size == chunk.offset {
                ranges[ranges.count - 1].size += chunk.size
                ranges[ranges.count - 1].storedSize += chunk.storedSize
            } else {
                ranges.append(Range(offset: chunk.offset, size: chunk.size, storedSize: chunk.storedSize))
            }
        }
    }

    private static func changes(
        from before: [Manifest.Payload], to after: [Manifest.Payload]
    ) -> [PayloadChange] {
        var changes: [PayloadChange] = []
        for new in after {
            guard let old = before.first(where: { $0.name == new.name }) else {
                changes.append(PayloadChange(name: new.name, kind: .added, sizes: (0, new.size)))
                continue
            }
            if old.sha256 != new.sha256 {
                changes.append(PayloadChange(name: new.name, kind: .changed, sizes: (old.size, new.size)))
            }
        }
        for old in before where !after.contains(where: { $0.name == old.name }) {
            changes.append(PayloadChange(name: old.name, kind: .removed, sizes: (old.size, 0)))
        }
        return changes
    }

    private static func changes(
        from before: [SPDXDocument.Package], to after: [SPDXDocument.Package]
    ) -> [PackageChange] {
        let old = Dictionary(before.map { ($0.name, $0.version) }, uniquingKeysWith: { first, _ in first })
        let new = Dictionary(after.map { ($0.name, $0.version) }, uniquingKeysWith: { first, _ in first })
        return Set(old.keys).union(new.keys).sorted().compactMap { name in
            old[name] == new[name] ? nil : PackageChange(name: name, before: old[name], after: new[name])
        }
    }
}

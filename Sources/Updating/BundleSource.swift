/// Where a bundle comes from: a file, a pipe, a web server. Calls block. Used by one thread at a time.
public protocol BundleSource: AnyObject {
    /// As messages name it.
    var name: String { get }
    /// Bytes in the whole bundle; nil while that is unknown.
    var size: Int? { get }
    /// Bytes taken from it so far, with what its protocol adds.
    var fetched: Int { get }

    /// Whether nobody pays, or waits, for reading it a second time.
    var isLocal: Bool { get }

    /// Says what will be read next, in ascending order, so that few requests fetch it and nothing else.
    ///
    /// Reading anything else is allowed all the same.
    func expect(_ ranges: [Range<Int>])

    /// Reads exactly `count` bytes. Offsets ascend: a source may be unable to go back.
    ///
    /// - Throws: ``UpdateError``; ``UpdateError/bundle(_:)`` with `truncated` where it ends before.
    func read(at offset: Int, count: Int) throws(UpdateError) -> [UInt8]

    /// Told when all that is needed has been read; makes sure that the bundle ends where it should, as far as the source
    /// can tell.
    func finish(bundleSize: Int) throws(UpdateError)
}

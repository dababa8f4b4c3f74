/// Takes apart what a ``ByteWriter`` put together. Bytes that are no such thing are an error, never a trap.
package struct ByteReader {
    /// There are fewer bytes than the value needs, or they are no such value.
    package struct Failure: Error {}

    private var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    package init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    package var isAtEnd: Bool { rest.isEmpty }

    package mutating func read<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(Failure) -> Value {
        let size = MemoryLayout<Value>.size
        guard rest.count >= size else { throw Failure() }
        var value: Value = 0
        withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: rest.prefix(size)) }
        rest = rest.dropFirst(size)
        return value
    }

    package mutating func readString() throws(Failure) -> String {
        let length = Int(try read(UInt32.self))
        guard rest.count >= length, let text = String(validating: rest.prefix(length), as: UTF8.self) else {
            throw Failure()
        }
        rest = rest.dropFirst(length)
        return text
    }

    package mutating func readStrings() throws(Failure) -> [String] {
        let count = Int(try read(UInt32.self))
        // Each takes at least its length: a count that cannot be is refused before it costs memory.
        guard count <= rest.count / MemoryLayout<UInt32>.size else { throw Failure() }
        var texts: [String] = []
        for _ in 0..<count { texts.append(try readString()) }
        return texts
    }
}

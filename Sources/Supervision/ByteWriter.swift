/// Puts values together to bytes for another process of the same machine and program, so in the machine's byte order.
package struct ByteWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }

    /// Its UTF-8, after its length.
    package mutating func append(_ text: String) {
        append(UInt32(clamping: text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    package mutating func append(_ texts: [String]) {
        append(UInt32(clamping: texts.count))
        for text in texts { append(text) }
    }
}

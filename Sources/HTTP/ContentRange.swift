/// The `Content-Range` field of a partial answer (RFC 9110, section 14.4): `bytes 0-1023/146515`.
package struct ContentRange: Equatable {
    package let bytes: Range<Int>
    /// Of the whole; nil where the server does not know (`*`).
    package let total: Int?

    package init?(_ text: String) {
        guard text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = ResponseHead.number(ends[0].utf8),
            let last = ResponseHead.number(ends[1].utf8), first <= last
        else { return nil }
        bytes = first..<(last + 1)
        if parts[1] == "*" {
            total = nil
        } else {
            guard let number = ResponseHead.number(parts[1].utf8), number > last else { return nil }
            total = number
        }
    }
}

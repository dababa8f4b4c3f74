/// Text of unknown origin, for a terminal.
package enum PrintableText {
    /// The text with a question mark for whatever could drive a terminal: C0 controls and DEL, and the C1 controls, which
    /// some terminals obey as well.
    package static func of(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0 }))
    }
}

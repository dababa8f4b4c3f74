/// A name the board has nothing for.
enum BoardError: Error, CustomStringConvertible {
    case absent(board: String, kind: String, name: String, known: [String])
    case noLine

    var description: String {
        switch self {
        case .absent(let board, let kind, let name, let known):
            "the board \(board) has no \(kind) \(name), "
                + (known.isEmpty ? "nor any other" : "only \(known.joined(separator: ", "))")
        case .noLine:
            "the name of a GPIO line is empty, which should be one like GPIO17, PIN11 or CHIP:17"
        }
    }
}

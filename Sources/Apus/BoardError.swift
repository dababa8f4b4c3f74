/// What the board has not, or not in the way it is asked for.
enum BoardError: Error, CustomStringConvertible {
    case absent(board: String, kind: String, name: String, known: [String])
    /// Others have given an I2C bus other options before, or opened it without.
    case otherOptions(bus: String)
    case noLine

    var description: String {
        switch self {
        case .absent(let board, let kind, let name, let known):
            "the board \(board) has no \(kind) \(name), "
                + (known.isEmpty ? "nor any other" : "only \(known.joined(separator: ", "))")
        case .otherOptions(let bus):
            "the I2C bus \(bus) has other options already, which all who use it share; "
                + "give it the same everywhere, before anything opens it"
        case .noLine:
            "the name of a GPIO line is empty, which should be one like GPIO17, PIN11 or CHIP:17"
        }
    }
}

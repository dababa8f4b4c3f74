/// A name the board has nothing for.
enum BoardError: Error, CustomStringConvertible {
    case noBus(board: String, bus: String, known: [String])
    case noLine

    var description: String {
        switch self {
        case .noBus(let board, let bus, let known):
            "the board \(board) has no I2C bus \(bus), "
                + (known.isEmpty ? "nor any other" : "only \(known.joined(separator: ", "))")
        case .noLine:
            "the name of a GPIO line is empty, which should be one like GPIO17, PIN11 or CHIP:17"
        }
    }
}

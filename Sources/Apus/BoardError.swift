/// A name the board has nothing for.
enum BoardError: Error, CustomStringConvertible {
    case noBus(board: String, bus: String, known: [String])
    case noGPIO(board: String)
    case noLine(String)

    var description: String {
        switch self {
        case .noBus(let board, let bus, let known):
            "the board \(board) has no I2C bus \(bus), "
                + (known.isEmpty ? "nor any other" : "only \(known.joined(separator: ", "))")
        case .noGPIO(let board):
            "the board \(board) has no GPIO chip (gpio.label in its configuration)"
        case .noLine(let name):
            "\(name) is not the name of a GPIO line, which is GPIO and a number, such as GPIO17"
        }
    }
}

import Foundation
import Glibc

/// The passphrase of an encrypted key: from a file, from `$APUS_KEY_PASSPHRASE`, or asked for on the terminal.
enum Passphrase {
    private static let maximumSize = 1024

    /// - Parameters:
    ///   - key: what it is for, as the question names it.
    ///   - file: its first line is the passphrase.
    ///   - isNew: asks twice, and refuses an empty one.
    static func read(for key: String, file: String?, isNew: Bool = false) throws -> [UInt8] {
        let passphrase: [UInt8]
        if let file {
            passphrase = try firstLine(of: file)
        } else if let text = ProcessInfo.processInfo.environment["APUS_KEY_PASSPHRASE"] {
            passphrase = Array(text.utf8)
        } else {
            passphrase = try ask("Passphrase for \(key): ", key: key)
            if isNew, try ask("The same again: ", key: key) != passphrase {
                throw FwtoolError("the two passphrases differ", remedy: "run the command again")
            }
        }
        guard !passphrase.isEmpty || !isNew else {
            throw FwtoolError("an empty passphrase protects nothing", remedy: "choose one, or leave --encrypted away")
        }
        return passphrase
    }

    private static func firstLine(of file: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw FwtoolError("the passphrase file \(file) cannot be read", remedy: "name one that you may read")
        }
        let line = data.prefix { $0 != UInt8(ascii: "\n") }
        guard line.count <= maximumSize else {
            throw FwtoolError("the first line of \(file) is too long for a passphrase", remedy: "name another file")
        }
        return Array(line)
    }

    /// On the terminal itself, so that standard input and output may be pipes; nothing typed is shown.
    private static func ask(_ question: String, key: String) throws -> [UInt8] {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else {
            throw FwtoolError(
                "\(key) needs a passphrase and there is no terminal to ask for it",
                remedy: "put it into APUS_KEY_PASSPHRASE, or into a file named with --passphrase-file")
        }
        defer { close(terminal) }
        var settings = termios()
        tcgetattr(terminal, &settings)
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(terminal, TCSAFLUSH, &silent)
        defer {
            tcsetattr(terminal, TCSAFLUSH, &settings)
            _ = write(terminal, "\n", 1)
        }
        _ = write(terminal, question, question.utf8.count)
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < maximumSize {
            let count = Glibc.read(terminal, &byte, 1)
            if count < 0, errno == EINTR { continue }
            if count <= 0 || byte == UInt8(ascii: "\n") { break }
            line.append(byte)
        }
        return line
    }
}

import Foundation

/// Our end of a socket pair; the other end is inherited by a program, as its standard input or output or as a control
/// channel. Sockets and not pipes: writing to a program that has ended is then an error and no signal.
final class LineSocket: Sendable {
    /// A line longer than this is no answer of QEMU's.
    static let lineLimit = 1 << 20

    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// - Returns: our end, and the descriptor to pass on and then close. Programs started meanwhile inherit neither.
    /// - Throws: `FwtoolError` when the process has no descriptors left.
    static func pair() throws -> (ours: LineSocket, theirs: Int32) {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw FwtoolError("no socket can be made: \(String(cString: strerror(errno)))")
        }
        return (LineSocket(descriptor: ends[0]), ends[1])
    }

    /// Reads on a thread of its own until the other end is closed.
    func readChunks(onChunk: @escaping @Sendable (ArraySlice<UInt8>) -> Void, onEnd: @escaping @Sendable () -> Void) {
        // The thread keeps the socket: its number must not be given to another file while it is read.
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                onChunk(buffer[..<count])
            }
            onEnd()
        }
    }

    /// Reads lines, without their line feed, on a thread of its own until the other end is closed.
    func readLines(onLine: @escaping @Sendable ([UInt8]) -> Void, onEnd: @escaping @Sendable () -> Void) {
        let splitter = Splitter()
        readChunks(onChunk: { splitter.split($0, onLine) }, onEnd: onEnd)
    }

    /// Writes a line.
    ///
    /// - Throws: `FwtoolError` when the other end is closed.
    func send(_ line: String) throws {
        var bytes = Array(line.utf8)[...]
        bytes.append(0x0A)
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw FwtoolError("the program does not listen any more") }
            bytes = bytes.dropFirst(count)
        }
    }

    // Unchecked: only the reading thread touches the line under construction.
    private final class Splitter: @unchecked Sendable {
        private var line: [UInt8] = []

        func split(_ chunk: ArraySlice<UInt8>, _ onLine: ([UInt8]) -> Void) {
            for byte in chunk {
                if byte == 0x0A {
                    onLine(line)
                    line.removeAll(keepingCapacity: true)
                } else if line.count < LineSocket.lineLimit {
                    line.append(byte)
                }
            }
        }
    }
}

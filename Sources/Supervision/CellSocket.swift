internal import CLinux
internal import Glibc

/// One end of a pair of sockets that carries packets (SOCK_SEQPACKET in unix(7)).
struct CellSocket: Sendable {
    enum Received {
        case packet([UInt8])
        /// Nothing for now.
        case nothing
        case tooLong
        case end
    }

    let descriptor: CellDescriptor

    /// Takes the next packet, if there is one. Never waits.
    /// - Parameter limit: the most bytes.
    func receive(upTo limit: Int) -> Received {
        // MSG_TRUNC: the packet's whole length, also of one that did not fit.
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC)
        var length = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            repeat {
                length = recv(descriptor.number, buffer.baseAddress, limit, flags)
            } while length < 0 && errno == EINTR
            count = min(max(length, 0), limit)
        }
        if length > limit { return .tooLong }
        if length > 0 { return .packet(bytes) }
        if length < 0, errno == EAGAIN { return .nothing }
        return .end
    }

    /// Sends a packet if there is room. Never waits.
    /// - Returns: 0, or the errno: EAGAIN when there is no room.
    func send(_ bytes: [UInt8]) -> Int32 {
        send(bytes, flags: Int32(MSG_DONTWAIT))
    }

    /// Sends a packet, blocking the thread for as long as the socket's time limit says.
    /// - Returns: 0, or the errno.
    func sendBlocking(_ bytes: [UInt8]) -> Int32 {
        send(bytes, flags: 0)
    }

    private func send(_ bytes: [UInt8], flags: Int32) -> Int32 {
        while true {
            let count = Glibc.send(descriptor.number, bytes, bytes.count, flags | Int32(MSG_NOSIGNAL))
            if count >= 0 { return 0 }
            if errno != EINTR { return errno }
        }
    }
}

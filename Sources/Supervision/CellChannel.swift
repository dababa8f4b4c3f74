internal import CLinux
internal import Glibc

/// Two connected descriptors, both close-on-exec: our end, and one to be handed on, which is closed with the channel.
struct CellChannel: ~Copyable {
    enum Kind {
        /// Packets in both directions.
        case socket
        /// Bytes from their end to ours.
        case pipe
    }

    let ours: CellDescriptor
    let theirs: Int32

    /// - Throws: ``CellError/system(_:code:)``.
    init(_ kind: Kind, on thread: CellThread) throws {
        var ends: [Int32] = [-1, -1]
        let result =
            switch kind {
            case .socket: socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
            case .pipe: pipe2(&ends, O_CLOEXEC)
            }
        guard result == 0 else { throw CellError.system("cannot connect a cell", code: errno) }
        // Above the numbers that the ends get in the new process, so that none overwrites another on the way.
        let theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, CellProgram.firstFree)
        let code = errno
        close(ends[1])
        guard theirs >= 0 else {
            close(ends[0])
            throw CellError.system("cannot connect a cell", code: code)
        }
        let ours = Result { try CellDescriptor(ends[0], on: thread) }
        if case .failure = ours { close(theirs) }
        self.init(ours: try ours.get(), theirs: theirs)
        // Of our end only: the new process's writes wait as usual.
        if kind == .pipe { _ = fcntl(ends[0], F_SETFL, O_NONBLOCK) }
    }

    private init(ours: CellDescriptor, theirs: Int32) {
        self.ours = ours
        self.theirs = theirs
    }

    deinit {
        close(theirs)
    }
}

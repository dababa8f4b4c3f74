/// What a cell and its supervisor tell each other, one packet each.
enum CellMessage {
    // To the cell.

    /// The first: which child to run.
    case order(path: [String], memoryLimit: UInt64)
    case stop

    // From the cell.

    /// The start function returned something to run.
    case started
    /// The start function returned nothing to run.
    case ignored
    /// The child checked in.
    case alive
    /// A supervisor in the cell reports.
    case event(SupervisorEvent)
    /// There is no such child, for the reason given.
    case unknownChild(String)
    /// The child returned. What it sent to its outlets was sent before.
    case finished
    /// The child threw `CancellationError`.
    case cancelled
    /// The child threw an error, with this text.
    case failed(String)
    /// The process crashes: what the crash handler knows.
    case crash(CellTrace)
    /// A part of /proc/self/maps of the crashing process.
    case maps([UInt8])

    /// The most bytes of one packet: some pages, more than any error's text needs.
    static let maximumLength = 16 << 10

    /// The most bytes of an error's text that cross.
    static let textLimit = 2048

    private enum Tag: UInt8 {
        case order = 1
        case stop, started, ignored, alive, event, unknownChild, finished, cancelled, failed, crash, maps
    }

    static let crashTag = Tag.crash.rawValue
    static let mapsTag = Tag.maps.rawValue
}

extension CellMessage {
    /// nil for a crash, which the crash handler tells without Swift, and for what is too long.
    var bytes: [UInt8]? {
        var writer = ByteWriter()
        func begin(_ tag: Tag) { writer.append(tag.rawValue) }
        switch self {
        case .order(let path, let memoryLimit):
            begin(.order)
            writer.append(memoryLimit)
            writer.append(path)
        case .stop: begin(.stop)
        case .started: begin(.started)
        case .ignored: begin(.ignored)
        case .alive: begin(.alive)
        case .event(let event):
            begin(.event)
            event.write(to: &writer)
        case .unknownChild(let reason):
            begin(.unknownChild)
            writer.append(reason.bounded)
        case .finished: begin(.finished)
        case .cancelled: begin(.cancelled)
        case .failed(let text):
            begin(.failed)
            writer.append(text.bounded)
        case .crash, .maps: return nil
        }
        return writer.bytes.count <= Self.maximumLength ? writer.bytes : nil
    }

    /// - Throws: `ByteReader.Failure` when the bytes are no message.
    init(_ bytes: [UInt8]) throws(ByteReader.Failure) {
        var reader = ByteReader(bytes)
        guard let tag = Tag(rawValue: try reader.read()) else { throw ByteReader.Failure() }
        switch tag {
        case .order:
            let memoryLimit = try reader.read(UInt64.self)
            self = .order(path: try reader.readStrings(), memoryLimit: memoryLimit)
        case .stop: self = .stop
        case .started: self = .started
        case .ignored: self = .ignored
        case .alive: self = .alive
        case .event: self = .event(try SupervisorEvent(from: &reader))
        case .unknownChild: self = .unknownChild(try reader.readString())
        case .finished: self = .finished
        case .cancelled: self = .cancelled
        case .failed: self = .failed(try reader.readString())
        case .crash:
            self = .crash(try CellTrace(bytes))
            return
        case .maps:
            self = .maps(Array(bytes.dropFirst()))
            return
        }
        guard reader.isAtEnd else { throw ByteReader.Failure() }
    }
}

extension SupervisorEvent {
    private enum Tag: UInt8 {
        case started = 1
        case ignored, failed, finished, restarting, stopped, abandoned, gaveUp
    }

    fileprivate func write(to writer: inout ByteWriter) {
        writer.append(path)
        switch kind {
        case .started(let restarts):
            writer.append(Tag.started.rawValue)
            writer.append(Int64(restarts))
        case .ignored: writer.append(Tag.ignored.rawValue)
        case .failed(let error):
            writer.append(Tag.failed.rawValue)
            writer.append("\(error)".bounded)
        case .finished: writer.append(Tag.finished.rawValue)
        case .restarting(let delay):
            writer.append(Tag.restarting.rawValue)
            writer.append(delay.nanoseconds)
        case .stopped: writer.append(Tag.stopped.rawValue)
        case .abandoned(let total):
            writer.append(Tag.abandoned.rawValue)
            writer.append(Int64(total))
        case .gaveUp: writer.append(Tag.gaveUp.rawValue)
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(ByteReader.Failure) {
        var path = try reader.readStrings()
        guard let id = path.popLast(), let tag = Tag(rawValue: try reader.read()) else { throw ByteReader.Failure() }
        let kind: Kind
        switch tag {
        case .started: kind = .started(restarts: Int(try reader.read(Int64.self)))
        case .ignored: kind = .ignored
        case .failed: kind = .failed(CellError.thrown(try reader.readString()))
        case .finished: kind = .finished
        case .restarting: kind = .restarting(in: .nanoseconds(try reader.read(Int64.self)))
        case .stopped: kind = .stopped
        case .abandoned: kind = .abandoned(total: Int(try reader.read(Int64.self)))
        case .gaveUp: kind = .gaveUp
        }
        self.init(supervisors: path, id: id, kind: kind)
    }
}

extension String {
    /// Cut to what crosses.
    fileprivate var bounded: String {
        utf8.count <= CellMessage.textLimit ? self : String(decoding: utf8.prefix(CellMessage.textLimit), as: UTF8.self)
    }
}

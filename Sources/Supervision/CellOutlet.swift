internal import Glibc

/// A mailbox outside of a cell that the child inside sends to.
///
/// In the cell the mailbox is only a way station, made by the same code: what comes into it is forwarded to the mailbox
/// in the process that started the cell. When that one is full and lets its senders wait, the cell waits too, first its
/// forwarder, then, as its own mailbox fills, the child. What the child sent before it crashed arrives; what still waited
/// in the cell's own mailbox is lost with it.
public struct CellOutlet: Sendable {
    /// The most bytes of an element: a page of the smallest kind, after the index of its mailbox.
    public static let maximumElementLength = maximumLength - MemoryLayout<UInt16>.size

    /// The most bytes of a packet.
    static let maximumLength = 4096

    /// Elements taken from the mailbox at once.
    private static let intake = 64

    /// The same for all outlets of one mailbox.
    let mailbox: ObjectIdentifier

    /// Puts an element into the mailbox. False when the bytes are none.
    let deliver: @Sendable (ArraySlice<UInt8>) async -> Bool

    /// In a cell: forwards what comes into the mailbox, until the task is cancelled and the mailbox is empty.
    /// - Throws: ``CellError`` when an element is too long, or the other side is gone.
    let forward: @Sendable (CellSocket, _ index: UInt16) async throws -> Void

    public init<Element: CellTransferable>(_ mailbox: Mailbox<Element>) {
        self.init(mailbox) { _ in }
    }

    /// - Parameter onDelivery: is told of each element before it goes into the mailbox. Of several outlets of one mailbox
    ///   in a cell, only one is told.
    package init<Element: CellTransferable>(
        _ mailbox: Mailbox<Element>, onDelivery: @escaping @Sendable (Element) -> Void
    ) {
        self.mailbox = ObjectIdentifier(mailbox)
        deliver = { bytes in
            guard let element = Element(cellBytes: bytes) else { return false }
            onDelivery(element)
            // Cancelled, and no room: the supervisor stops the child, and a child's last words never wait.
            try? await mailbox.send(element)
            return true
        }
        forward = { socket, index in
            while let elements = try? await mailbox.receive(upTo: Self.intake) {
                for element in elements { try await Self.send(element.cellBytes, to: index, over: socket) }
            }
        }
    }

    private static func send(_ element: [UInt8], to index: UInt16, over socket: CellSocket) async throws {
        guard element.count <= maximumElementLength else {
            throw CellError.thrown(
                "an element of \(element.count) bytes is longer than \(maximumElementLength) and cannot leave the cell")
        }
        var writer = ByteWriter()
        writer.append(index)
        let packet = writer.bytes + element
        while true {
            let code = socket.send(packet)
            if code == 0 { return }
            guard code == EAGAIN else { throw CellError.system("cannot send to the cell's supervisor", code: code) }
            await socket.descriptor.waitUntilWritable()
        }
    }

    static func take(apart packet: [UInt8]) -> (index: Int, element: ArraySlice<UInt8>)? {
        var reader = ByteReader(packet)
        guard let index = try? reader.read(UInt16.self) else { return nil }
        return (Int(index), packet.dropFirst(MemoryLayout<UInt16>.size))
    }
}

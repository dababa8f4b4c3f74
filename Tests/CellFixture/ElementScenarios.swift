import Glibc
import Supervision

/// An element that crosses.
struct Count: CellTransferable, Equatable {
    let value: UInt32

    init(_ value: UInt32) { self.value = value }

    /// Little-endian; the number 13 for nothing valid, 14 for too much.
    var cellBytes: [UInt8] {
        switch value {
        case 13: [1, 2, 3]
        case 14: [UInt8](repeating: 0, count: 5000)
        default: withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
    }

    init?(cellBytes: ArraySlice<UInt8>) {
        guard cellBytes.count == 4 else { return nil }
        value = cellBytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension Scenario {
    /// More than fit anywhere on the way, so that the sender has to wait for the reader.
    static let elements: Scenario = {
        let mailbox = Mailbox<Count>(capacity: 8, overflow: .suspendSender)
        return through(mailbox) {
            for value in 100...UInt32(5000) { try await mailbox.send(Count(value)) }
            try await park()
        } reader: {
            var values: [UInt32] = []
            while values.last != 5000 { values += try await mailbox.receive(upTo: 3).map(\.value) }
            let isInOrder = values == Array(100...5000)
            say("\(values.count) elements, in order: \(isInOrder), at most \(mailbox.statistics.highWaterMark) waited")
        }
    }()

    /// What was sent before a crash arrives, but for those that the crash overtook in the cell.
    static let lastElements: Scenario = {
        let mailbox = Mailbox<Count>(capacity: 2000, overflow: .dropOldest)
        return through(mailbox) {
            let isFirst = life == 0
            for value in isFirst ? 100..<UInt32(1100) : 1100..<1600 { try await mailbox.send(Count(value)) }
            while mailbox.statistics.depth > 0 { await Task.yield() }
            if isFirst { abort() }
            try await park()
        } reader: {
            var values: [UInt32] = []
            while values.last != 1599 { values += try await mailbox.receive().map(\.value) }
            let isInOrder = zip(values, values.dropFirst()).allSatisfy { $0 < $1 }
            // The forwarder takes 64 at once.
            say("in order: \(isInOrder), complete but for what was under way: \(values.count >= 1500 - 64)")
        }
    }()

    static let noElement = one(Count(13))
    static let longElement = one(Count(14))

    private static func one(_ element: Count) -> Scenario {
        let mailbox = Mailbox<Count>(capacity: 4, overflow: .dropNewest)
        return Scenario(
            children: {
                var sender = ChildSpec("a", isolation: .process) {
                    {
                        if life == 0 { try await mailbox.send(element) }
                        try await park()
                    }
                }
                sender.outlets = [CellOutlet(mailbox)]
                return [steady("b"), sender]
            }, stopAfter: "root/a started again, restart 1")
    }

    /// A child in a cell that sends, and a reader outside that ends the program.
    private static func through(
        _ mailbox: Mailbox<Count>, send: @escaping @Sendable () async throws -> Void,
        reader: @escaping @Sendable () async throws -> Void
    ) -> Scenario {
        Scenario(
            children: {
                var sender = ChildSpec("a", isolation: .process) { send }
                // Another one before it, so that the index matters.
                let other = Mailbox<Count>(capacity: 1, overflow: .dropNewest)
                sender.outlets = [CellOutlet(other), CellOutlet(mailbox)]
                return [sender, ChildSpec("reader", restart: .temporary) { reader }]
            }, stopAfter: "root/reader finished")
    }
}

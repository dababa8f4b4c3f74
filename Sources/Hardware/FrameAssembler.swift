/// Cuts the bytes of a serial line into frames. It never holds more than one frame and one piece of input.
struct FrameAssembler {
    private let framing: SerialFraming
    private var buffer: [UInt8] = []
    /// Whether what comes belongs to no frame, up to the next line end or pause.
    private var isSkipping: Bool
    /// When the last byte came, in nanoseconds; nil before the first.
    private var lastTime: UInt64?

    private(set) var discardedBytes: UInt64 = 0

    init(_ framing: SerialFraming) {
        self.framing = framing
        isSkipping =
            switch framing.rule {
            case .line(let isFirstWhole), .idle(_, let isFirstWhole): !isFirstWhole
            case .length, .packet: false
            }
    }

    /// The pause, in nanoseconds, after which ``endByPause()`` is due; nil when a pause means nothing now.
    var awaitedPause: UInt64? {
        guard case .idle(let gap, _) = framing.rule, !buffer.isEmpty || isSkipping else { return nil }
        return Self.nanoseconds(gap)
    }

    /// - Parameter time: when the bytes came, in nanoseconds.
    mutating func append(_ bytes: some Collection<UInt8>, at time: UInt64) -> [[UInt8]] {
        defer { lastTime = time }
        switch framing.rule {
        case .line:
            return lines(bytes)
        case .length(let count):
            buffer += bytes
            return pieces(count)
        case .idle(let gap, _):
            let isLate = lastTime.map { time > $0 && time - $0 >= Self.nanoseconds(gap) } ?? false
            let ended = isLate ? endByPause() : nil
            extend(with: bytes)
            return ended.map { [$0] } ?? []
        case .packet(let start, let header, let length, let isValid):
            buffer += bytes
            return packets(start, header, length, isValid)
        }
    }

    /// Nothing came for as long as ``awaitedPause``.
    mutating func endByPause() -> [UInt8]? {
        guard case .idle = framing.rule else { return nil }
        defer {
            buffer = []
            isSkipping = false
        }
        return buffer.isEmpty ? nil : buffer
    }

    private mutating func lines(_ bytes: some Collection<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                if isSkipping {
                    discardedBytes += 1
                } else {
                    buffer.append(byte)
                    // One byte more than a line, for the CR that is not part of it.
                    if buffer.count > framing.maximum + 1 { skip() }
                }
                continue
            }
            if buffer.last == UInt8(ascii: "\r") { buffer.removeLast() }
            if buffer.count > framing.maximum { skip() }
            if !isSkipping && !buffer.isEmpty { lines.append(buffer) }
            buffer = []
            isSkipping = false
        }
        return lines
    }

    private mutating func extend(with bytes: some Collection<UInt8>) {
        if isSkipping {
            discardedBytes += UInt64(bytes.count)
        } else {
            buffer += bytes
            if buffer.count > framing.maximum { skip() }
        }
    }

    private mutating func skip() {
        discardedBytes += UInt64(buffer.count)
        buffer = []
        isSkipping = true
    }

    private mutating func pieces(_ count: Int) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        while buffer.count - start >= count {
            pieces.append(Array(buffer[start..<start + count]))
            start += count
        }
        buffer.removeFirst(start)
        return pieces
    }

    private mutating func packets(
        _ mark: [UInt8], _ header: Int, _ length: ([UInt8]) -> Int, _ isValid: ([UInt8]) -> Bool
    ) -> [[UInt8]] {
        var packets: [[UInt8]] = []
        var start = 0
        while start < buffer.count {
            let rest = buffer[start...]
            if rest.prefix(mark.count).elementsEqual(mark.prefix(rest.count)) {
                guard rest.count >= header else { break }
                let count = length(Array(rest.prefix(header)))
                if (header...max(header, framing.maximum)).contains(count) {
                    guard rest.count >= count else { break }
                    let packet = Array(rest.prefix(count))
                    if isValid(packet) {
                        packets.append(packet)
                        start += count
                        continue
                    }
                }
            }
            start += 1
            discardedBytes += 1
        }
        buffer.removeFirst(start)
        return packets
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        let (whole, isTooLong) = UInt64(max(seconds, 0)).multipliedReportingOverflow(by: 1_000_000_000)
        // A pause of centuries never ends.
        guard !isTooLong else { return .max }
        return whole &+ UInt64(max(attoseconds, 0) / 1_000_000_000)
    }
}

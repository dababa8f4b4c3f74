/// How the bytes of a serial line are cut into frames.
public struct SerialFraming: Sendable {
    enum Rule: Sendable {
        case line(isFirstWhole: Bool)
        case length(Int)
        case idle(gap: Duration, isFirstWhole: Bool)
        case packet(
            start: [UInt8], header: Int, length: @Sendable ([UInt8]) -> Int, isValid: @Sendable ([UInt8]) -> Bool)
    }

    let rule: Rule

    /// The longest frame: what bounds the memory, whatever comes.
    let maximum: Int

    /// The longest frame there can be. Far above what sensors send; the buffers are of this order.
    public static let limit = 65_536

    private init(_ rule: Rule, maximum: Int) {
        self.rule = rule
        self.maximum = min(max(maximum, 1), Self.limit)
    }

    /// Lines that end in LF or CR LF, without these; empty ones are left out.
    ///
    /// - Parameters:
    ///   - maximum: the longest line in bytes, 1 to ``limit``; a longer one is discarded.
    ///   - isFirstWhole: whether what comes first is a whole line, as from a device that speaks when asked only. Otherwise it
    ///     is discarded: the port may have been opened in the middle of a line, and the end of "23.5" is a number, too.
    public static func line(maximum: Int, isFirstWhole: Bool = false) -> SerialFraming {
        SerialFraming(.line(isFirstWhole: isFirstWhole), maximum: maximum)
    }

    /// Every so many bytes, 1 to ``limit``: for senders that speak when asked only, for nothing brings a lost byte back
    /// into step.
    public static func length(_ count: Int) -> SerialFraming {
        let count = min(max(count, 1), limit)
        return SerialFraming(.length(count), maximum: count)
    }

    /// What comes between two pauses.
    ///
    /// - Parameters:
    ///   - gap: the shortest pause that ends a frame. The kernel and this process see a pause some milliseconds longer or
    ///     shorter than the line, so below 10 ms frames may be joined or cut.
    ///   - maximum: the longest frame in bytes, 1 to ``limit``; a longer one is discarded up to the next pause.
    ///   - isFirstWhole: whether what comes first is a whole frame in any case, as from a device that speaks when asked only.
    ///     Otherwise it is one after a pause, and else discarded: the port may have been opened in the middle of a frame.
    public static func idle(_ gap: Duration, maximum: Int, isFirstWhole: Bool = false) -> SerialFraming {
        SerialFraming(.idle(gap: max(gap, .milliseconds(1)), isFirstWhole: isFirstWhole), maximum: maximum)
    }

    /// Packets that begin with certain bytes and tell their length.
    ///
    /// What does not begin that way is discarded. Of what begins that way and is not valid the first byte is discarded and
    /// the rest looked at again, so that no whole packet is lost with the remains of another.
    /// - Parameters:
    ///   - start: the first bytes of every packet, at least one.
    ///   - headerLength: how many bytes tell the length; at least those of `start`.
    ///   - maximum: the longest packet in bytes, 1 to ``limit``.
    ///   - length: the length of the whole packet, from the bytes of the header; shorter than the header or longer than
    ///     `maximum` means that this is no packet.
    ///   - isValid: whether a whole packet is one, as its checksum says.
    public static func packet(
        start: [UInt8], headerLength: Int, maximum: Int, length: @escaping @Sendable ([UInt8]) -> Int,
        isValid: @escaping @Sendable ([UInt8]) -> Bool
    ) -> SerialFraming {
        SerialFraming(
            .packet(start: start, header: max(headerLength, start.count, 1), length: length, isValid: isValid),
            maximum: maximum)
    }
}

/// What a full ``Mailbox`` does with one element more.
public enum OverflowPolicy: Sendable, Hashable {
    /// The sender waits until there is room. Nothing is lost, the sender slows down.
    case suspendSender

    /// The longest-waiting element makes room and is counted as dropped: the newest state matters most.
    case dropOldest

    /// The new element is counted as dropped: what was accepted first matters most.
    case dropNewest
}

public import BootState
public import Bundle
public import Card

/// What is on a card: the boot state, and what its slots say they hold.
public struct CardStatus: Sendable {
    /// Nil when neither copy can be read.
    public let state: BootState?
    /// Of the bundle that each slot was written from; none for a slot that is empty or half written.
    public let manifests: [Slot: Manifest]

    /// - Parameter path: the card's name in messages.
    public init(of card: any BlockDevice, path: String) throws(UpdateError) {
        do throws(CardError) {
            let layout = try CardLayout(of: card, path: path)
            state = try BootStateStore(card).read()
            var manifests: [Slot: Manifest] = [:]
            for slot in Slot.allCases {
                manifests[slot] = try SlotContents(of: BlockRange(layout.range(of: slot), of: card)).head?.manifest
            }
            self.manifests = manifests
        } catch {
            throw .card(error)
        }
    }
}

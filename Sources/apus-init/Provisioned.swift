internal import BootState
internal import Card
internal import Glibc

/// What was provisioned on the card, for the programs of this system: they read `/run/apus/provisioned` like any other
/// configuration file and need not know the card.
enum Provisioned {
    static let file = "/run/apus/provisioned"

    static func read(_ card: String) -> Provisioning? {
        guard let card = try? BlockFile(card, isWritable: false) else { return nil }
        return Provisioning(
            copies: Provisioning.copyOffsets.compactMap { try? card.read(at: $0, count: Provisioning.blockSize) })
    }

    static func publish(_ provisioning: Provisioning) {
        mkdir("/run/apus", 0o755)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var text = provisioning.text
        text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
    }
}

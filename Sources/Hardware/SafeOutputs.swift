internal import Glibc

/// The outputs this device's programs hold that have a safe level, kept where they outlive a program that is killed.
///
/// One file for each line, for `apus gpio safe`, which PID 1 runs when the app has ended. A folder that cannot be written,
/// as on a developer's machine, costs the safe level after a kill and nothing else.
struct SafeOutputs: Sendable {
    static let device = SafeOutputs(folder: "/run/apus/outputs")

    private let folder: String

    init(folder: String) {
        self.folder = folder
    }

    func note(chip: String, offset: Int, safe: Bool, _ options: OutputOptions) {
        mkdir(folder, 0o755)
        let descriptor = open(path(chip, offset), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let drive =
            switch options.drive {
            case .pushPull: "push-pull"
            case .openDrain: "open-drain"
            case .openSource: "open-source"
            }
        let text = """
            line=\(chip):\(offset)
            level=\(safe ? 1 : 0)
            drive=\(drive)
            active-low=\(options.isActiveLow ? 1 : 0)

            """
        _ = Array(text.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    func forget(chip: String, offset: Int) {
        unlink(path(chip, offset))
    }

    private func path(_ chip: String, _ offset: Int) -> String {
        // A label is any text; as part of a file's name it must not lead elsewhere.
        let name = chip.utf8.map { $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
        return "\(folder)/\(String(decoding: name, as: UTF8.self)):\(offset)"
    }
}

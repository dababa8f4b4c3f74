internal import Glibc

/// The outputs this device's programs hold that have a safe level, kept where they outlive a program that is killed.
///
/// One file for each line, for `apus gpio safe`, which PID 1 runs when the app has ended, and for the app itself when one
/// of its cells has. A folder that cannot be written, as on a developer's machine, costs the safe level after a kill and
/// nothing else.
package struct SafeOutputs: Sendable {
    package static let device = SafeOutputs(folder: "/run/apus/outputs")

    private let folder: String
    private let chip: @Sendable (_ label: String) -> GPIOChip

    /// - Parameter chip: the chip of a label.
    init(folder: String, chip: @escaping @Sendable (_ label: String) -> GPIOChip = { .labelled($0) }) {
        self.folder = folder
        self.chip = chip
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
            process=\(getpid())

            """
        _ = Array(text.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    func forget(chip: String, offset: Int) {
        unlink(path(chip, offset))
    }

    /// Sets lines that were held with a safe level, and that nobody holds now, to that level. May block, as an expander's
    /// lines do.
    ///
    /// - Parameters:
    ///   - process: only those that it held; nil for all.
    ///   - onFailure: is told of each line that cannot be set, by the name of its file. The others are set all the same.
    package func restore(heldBy process: Int32? = nil, onFailure: (_ name: String, any Error) -> Void) {
        for name in names() {
            let note = values("\(folder)/\(name)")
            // One that is just being written names no line yet.
            guard case .line(let label, let offset)? = LineName(note["line"] ?? "") else { continue }
            if let process, note["process"] != "\(process)" { continue }
            do {
                let line = try OutputLine(on: chip(label), offset: offset, initial: note["level"] == "1", options(note))
                // Before the line is free: its next owner notes it anew.
                unlink("\(folder)/\(name)")
                line.release()
            } catch GPIOError.busy {
                // Somebody holds it, and its level is theirs.
                continue
            } catch {
                onFailure(name, error)
            }
        }
    }

    private func options(_ note: [String: String]) -> OutputOptions {
        let drives: [String: LineDrive] = ["open-drain": .openDrain, "open-source": .openSource]
        return OutputOptions(
            drive: drives[note["drive"] ?? ""] ?? .pushPull, isActiveLow: note["active-low"] == "1",
            consumer: "gpio safe")
    }

    /// The files there are.
    private func names() -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// The `key=value` lines of a file; none where it cannot be read.
    private func values(_ path: String) -> [String: String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [:] }
        defer { close(descriptor) }
        // Far more than a note has: a chip's label is of 31 bytes at most (GPIO_MAX_NAME_SIZE in linux/gpio.h).
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = read(descriptor, &buffer, buffer.count)
        var values: [String: String] = [:]
        for line in buffer.prefix(max(count, 0)).split(separator: UInt8(ascii: "\n")) {
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
            values[String(decoding: line[..<equals], as: UTF8.self)] =
                String(decoding: line[(equals + 1)...], as: UTF8.self)
        }
        return values
    }

    private func path(_ chip: String, _ offset: Int) -> String {
        // A label is any text; as part of a file's name it must not lead elsewhere.
        let name = chip.utf8.map { $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
        return "\(folder)/\(String(decoding: name, as: UTF8.self)):\(offset)"
    }
}

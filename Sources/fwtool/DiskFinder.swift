import Foundation

/// The machine's disks, from sysfs (Documentation/ABI/stable/sysfs-block in Linux), /proc and udev's database.
struct DiskFinder {
    /// Where /sys, /proc, /run and /dev are; another folder in tests.
    var root = ""

    /// SD cards, SCSI and USB disks, and loop devices in use, sorted by name.
    func disks() -> [Disk] {
        let mounts = mounts()
        return entries("/sys/block").filter { isDisk($0) }.sorted().map { disk($0, mounts: mounts) }
    }

    /// The disk of a device file, which may be a link to it.
    ///
    /// - Returns: nil when the path is no device file of a disk, but may be one of a file.
    /// - Throws: `FwtoolError` for a partition, and for anything else below /dev.
    func disk(at path: String) throws -> Disk? {
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard resolved.hasPrefix("\(root)/dev/") else { return nil }
        let name = (resolved as NSString).lastPathComponent
        if let parent = entries("/sys/block").first(where: { exists("/sys/block/\($0)/\(name)/partition") }) {
            throw FwtoolError("\(path) is a partition", remedy: "name the whole card: /dev/\(parent)")
        }
        guard exists("/sys/block/\(name)/size") else {
            throw FwtoolError("\(path) is no disk", remedy: "see what can be burned with: fwtool burn --list")
        }
        return disk(name, mounts: mounts())
    }

    /// Others (memory disks, network disks, the special areas of eMMC) are never burned.
    private func isDisk(_ name: String) -> Bool {
        if name.hasPrefix("loop") { return number("/sys/block/\(name)/size") > 0 }
        return name.hasPrefix("sd") || name.wholeMatch(of: #/mmcblk\d+/#) != nil
    }

    private func disk(_ name: String, mounts: [Mounted]) -> Disk {
        let folder = "/sys/block/\(name)"
        let parts = [name] + entries(folder).filter { exists("\(folder)/\($0)/partition") }.sorted()
        let numbers = Set(parts.map { text($0 == name ? "\(folder)/dev" : "\(folder)/\($0)/dev") }).subtracting([""])
        let mine = mounts.filter { numbers.contains($0.number) || parts.contains($0.source) }
        return Disk(
            name: name, kind: kind(name),
            // In units of 512 bytes, whatever the disk's sectors are.
            size: number("\(folder)/size").multipliedReportingOverflow(by: 512).partialValue, model: model(name),
            isReadOnly: text("\(folder)/ro") == "1",
            mounts: mine.map {
                Disk.Mount(device: $0.source.isEmpty ? "/dev/\(name)" : "/dev/\($0.source)", place: $0.place)
            },
            uses: uses(name, parts))
    }

    private func kind(_ name: String) -> Disk.Kind {
        let folder = "/sys/block/\(name)"
        if name.hasPrefix("loop") { return .loop }
        // "MMC" is eMMC: soldered in.
        if name.hasPrefix("mmcblk") { return text("\(folder)/device/type") == "SD" ? .card : .fixed }
        guard name.hasPrefix("sd") else { return .fixed }
        if text("\(folder)/removable") == "1" { return .removable }
        let place = URL(fileURLWithPath: root + folder).resolvingSymlinksInPath().path
        return place.contains("/usb") ? .usbDisk : .fixed
    }

    private func model(_ name: String) -> String {
        let folder = "/sys/block/\(name)/device"
        let words = name.hasPrefix("mmcblk") ? ["\(folder)/name"] : ["\(folder)/vendor", "\(folder)/model"]
        return words.map(text).filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Swap, LVM, RAID: what no mount shows.
    private func uses(_ name: String, _ parts: [String]) -> [String] {
        var found: [String] = []
        let swaps = lines("/proc/swaps").dropFirst().compactMap { $0.split(separator: " ").first.map(String.init) }
        for part in parts {
            let folder = part == name ? "/sys/block/\(name)" : "/sys/block/\(name)/\(part)"
            if swaps.contains("/dev/\(part)") { found.append("holds swap space in use (/dev/\(part))") }
            let holders = entries("\(folder)/holders").sorted()
            if !holders.isEmpty {
                found.append("carries \(holders.joined(separator: ", ")) (LVM, RAID or encryption on /dev/\(part))")
            }
            // What udev recognised on it (udev(7)), in use or not.
            for line in lines("/run/udev/data/b\(text("\(folder)/dev"))") {
                let type = line.hasPrefix("E:ID_FS_TYPE=") ? String(line.dropFirst("E:ID_FS_TYPE=".count)) : ""
                if type.hasSuffix("_member") { found.append("belongs to a \(type.dropLast(7)) set (/dev/\(part))") }
            }
        }
        return found
    }

    private struct Mounted {
        /// MAJOR:MINOR
        var number: String
        /// The device's name without /dev/; empty for what is none.
        var source: String
        var place: String
    }

    /// /proc/self/mountinfo (proc(5)): `36 35 98:0 /root /place options - type source options`.
    private func mounts() -> [Mounted] {
        lines("/proc/self/mountinfo").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 7, let dash = words.firstIndex(of: "-"), dash + 2 < words.count else { return nil }
            let source = unescaped(words[dash + 2])
            // Some file systems (btrfs) have numbers of their own: the source tells.
            return Mounted(
                number: words[2], source: source.hasPrefix("/dev/") ? String(source.dropFirst(5)) : "",
                place: unescaped(words[4]))
        }
    }

    /// `\040` is a space (proc(5)).
    private func unescaped(_ word: String) -> String {
        word.replacing(#/\\([0-7]{3})/#) { match in
            UInt8(match.output.1, radix: 8).map { String(UnicodeScalar($0)) } ?? String(match.output.0)
        }
    }

    // MARK: - Files

    private func entries(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: root + folder)) ?? []
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + path) }

    private func text(_ path: String) -> String {
        guard let data = FileManager.default.contents(atPath: root + path) else { return "" }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func lines(_ path: String) -> [String] { text(path).split(separator: "\n").map(String.init) }

    private func number(_ path: String) -> Int { max(0, Int(text(path)) ?? 0) }
}

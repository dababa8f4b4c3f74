import ArgumentParser
import Bundle
import CLinux
import Card
import Foundation
import JSON

struct BurnCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "burn", abstract: "Write a bundle to an SD card.",
        discussion: """
            Without a device it takes the only card there is. It asks before it writes, refuses disks this system uses, and
            reads everything back. All that was on the card is lost. Until it is done the card has no partition table, so
            that one whose burning was cut short boots nothing.

            The path of a file in place of the device writes a card image, as fwtool image does.

            EXAMPLES
              fwtool burn --list
              sudo fwtool burn build/WeatherStation-rpi4.apus
              sudo fwtool burn app.apus /dev/sdc --key fleet.pub --serial WS-0042 --set broker=mqtt://hub.example:1883
              sudo fwtool burn app.apus /dev/mmcblk0 --yes --no-eject
            """)

    @Argument(help: "The bundle.", completion: .file(extensions: ["apus"]))
    var bundle: String?

    @Argument(help: "The card's device, as /dev/sdc. (default: the only card there is)")
    var device: String?

    @Flag(help: "List what can be burned, and burn nothing.")
    var list = false

    @Flag(help: "With --list: print JSON.")
    var json = false

    @OptionGroup var card: CardOptions

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Do not eject the card afterwards.")
    var noEject = false

    @OptionGroup var options: OutputOptions

    func validate() throws {
        if list != (bundle == nil) {
            throw ValidationError(list ? "--list burns nothing: leave the bundle out" : "name the bundle to burn")
        }
        if json && !list { throw ValidationError("--json belongs to --list") }
    }

    func run() throws {
        let finder = DiskFinder()
        guard let bundle else { return try printList(finder.disks()) }
        let source = URL(fileURLWithPath: bundle)
        let named = try device.map { try (path: $0, disk: finder.disk(at: $0)) }
        if let named, named.disk == nil {
            return try ImageCommand.write(URL(fileURLWithPath: named.path), of: source, card, options)
        }
        let disk = try Self.choose(named?.disk, of: finder.disks())
        let trust = try card.trust(options)
        let manifest = try CardOptions.manifest(of: source, trust: trust)
        let profile = try BoardCatalog.installed().profile(manifest.board)
        let layout = CardImage.layout(profile)
        let size = layout.map { $0.offset + $0.size }.max() ?? 0
        guard disk.size >= size else {
            throw FwtoolError(
                "\(disk.path) has \(disk.readableSize), a card for \(profile.name) needs \(size / 1_000_000 + 1) MB",
                remedy: "take a larger card")
        }
        try confirm(
            "Write \(manifest.product) \(manifest.version) (\(Nickname(of: manifest.id))) to the \(disk.title)?")

        // On the system's own temporary folder: the image is sparse.
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("card.img")
        try TemporaryFolder.with(beside: place) { folder in
            let file = folder.appendingPathComponent("card.img")
            try CardImage(
                profile: profile, provisioning: card.provisioning, options: card.options(of: profile),
                progress: options.progress
            )
            .write(source, trust: trust, to: file)
            let image = try BlockFile(file.path, isWritable: false)
            let parts = try CardWriter.parts(of: image, layout) { try Self.dataEnd(of: file, in: $0) }
            let target = try BurnTarget(disk)
            try CardWriter(
                image: image, card: try BlockFile(disk.path, isWritable: true),
                progress: options.progress,
                dropCache: target.dropCache
            ).write(parts)
            target.readTable()
            if !noEject { target.eject() }
        }
        options.say(
            "\(disk.path): \(manifest.product) \(manifest.version) written and verified"
                + (noEject ? "" : "; the card can be taken out"))
    }

    /// The disk named, or the only one there is to offer.
    ///
    /// - Throws: `FwtoolError` that says why a disk is refused, or what there is to choose from.
    static func choose(_ named: Disk?, of disks: [Disk]) throws -> Disk {
        if let named {
            if let refusal = named.refusal { throw refusal }
            return named
        }
        let offered = disks.filter(\.isOffered)
        let free = offered.filter { $0.refusal == nil }
        guard let disk = free.first else {
            if let refusal = offered.lazy.compactMap(\.refusal).first { throw refusal }
            throw FwtoolError(
                "no SD card is found",
                remedy: "insert one; a disk on USB is only written to when it is named: fwtool burn --list")
        }
        guard free.count == 1 else {
            throw FwtoolError(
                "there are several cards: " + free.map(\.title).joined(separator: ", "),
                remedy: "name the one to write to")
        }
        return disk
    }

    /// - Throws: `FwtoolError` without a terminal to ask on, and when the answer is no.
    private func confirm(_ question: String) throws {
        if yes { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw FwtoolError("there is no terminal to ask on", remedy: "add --yes to burn without being asked")
        }
        FileHandle.standardError.write(Data("\(question) All that is on it will be lost. [y/N] ".utf8))
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw FwtoolError("nothing was written")
        }
    }

    private func printList(_ disks: [Disk]) throws {
        // What is built in is only told of when it is asked for.
        let shown = disks.filter { $0.kind != .fixed && $0.kind != .loop && $0.size > 0 }
        if json {
            print(try JSON.array(shown.map(\.json)).text(.pretty))
        } else if shown.isEmpty {
            options.say("no card, no stick and no USB disk is found")
        } else {
            for disk in shown {
                let remark = disk.refusal.map { "refused: \($0)" } ?? (disk.isOffered ? "" : "only when named")
                print(
                    [disk.path, disk.readableSize, disk.kind.rawValue, disk.model, remark]
                        .filter { !$0.isEmpty }.joined(separator: "  "))
            }
        }
    }

    /// Where the last data within a range of a sparse file ends; its start where all is a hole (lseek(2), SEEK_DATA).
    private static func dataEnd(of file: URL, in range: Range<Int>) throws -> Int {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw FwtoolError("\(file.path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var end = range.lowerBound
        while true {
            let data = lseek(descriptor, end, linux_seek_data)
            guard data >= 0, data < range.upperBound else { return end }
            let hole = lseek(descriptor, data, linux_seek_hole)
            guard hole > data else { return range.upperBound }
            end = min(hole, range.upperBound)
            if end == range.upperBound { return end }
        }
    }
}

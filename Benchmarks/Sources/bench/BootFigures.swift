import Foundation

/// Boots of the emulated Pi 3: time to the first reading that the broker has acknowledged, against the time the kernel
/// itself takes to start the initramfs in the same boot; and the app's memory once it is at work. Guest seconds.
struct BootFigures: Figure {
    let names = ["app.rss.bytes", "first-reading.seconds"]

    /// Both figures in each boot.
    private let boots = 5
    /// One a second after the first: the app is past its start.
    private let readings = 30

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        var memory: [Record.Value] = []
        var times: [Record.Value] = []
        for boot in 1...boots {
            let seen = try EmulatedBoot(place, readings: readings).run()
            Bench.say(
                String(
                    format: "boot %d of %d: init at %.2f s, first reading at %.2f s, %.0f bytes", boot, boots,
                    seen.initTime, seen.firstReading, seen.residentBytes))
            memory.append(.init(ours: seen.residentBytes, peer: nil))
            times.append(.init(ours: seen.firstReading - seen.initTime, peer: seen.initTime))
        }
        var versions = try Versions.bundle("rpi3", place)
        versions["qemu"] = try Versions.program("qemu-system-aarch64", from: place)
        return [
            try Record(names[0], .bytes, memory, versions: versions, load: load),
            try Record(names[1], .seconds, times, versions: versions, load: load),
        ]
    }
}

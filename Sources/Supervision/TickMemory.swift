internal import CLinux

/// Where the objects lie that a tick needs, for having them ready when its turn comes.
struct TickMemory: Sendable {
    // Addresses and no references: even a retain would wait for the memory.
    private let series: UInt
    private let subject: UInt

    init(of series: some TickSeries, and subject: AnyObject) {
        self.series = UInt(bitPattern: Unmanaged.passUnretained(series).toOpaque())
        self.subject = UInt(bitPattern: Unmanaged.passUnretained(subject).toOpaque())
    }

    /// The first two cache lines of each: objects begin anywhere in a line, and few are larger.
    func prefetch() {
        for object in [series, subject] {
            linux_prefetch(object)
            linux_prefetch(object + 64)
        }
    }
}

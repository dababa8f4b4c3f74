internal import Glibc
internal import Threads

/// Measurements that a device of Industrial I/O takes by itself, as its trigger or its own clock says, and the kernel
/// collects: faster and more evenly than a program could ask for them (Documentation/iio/iio_devbuf.rst).
///
/// A thread of its own waits for them. The device goes on until the capture is stopped; when nobody holds it any more that
/// happens by itself, soon after.
public final class IIOCapture: Sendable {
    /// One measurement of all channels.
    public struct Scan: Sendable, Hashable {
        /// In the units and the order of ``IIOCapture/channels``.
        public let values: [Double]

        /// When it was taken from the kernel, in nanoseconds of CLOCK_MONOTONIC.
        public let time: UInt64
    }

    /// The most scans that wait for the consumer; beyond that the oldest is dropped.
    public static let capacity = 4096

    /// What every scan consists of, in the order of their indices.
    public let channels: [KernelSensor.Channel]

    /// The scans, oldest first, for one consumer. Ends when the capture is stopped or the consuming task is cancelled, and
    /// throws ``SysfsError`` when the device is gone.
    public let scans: AsyncThrowingStream<Scan, any Error>

    /// How many scans were dropped because the consumer took them too slowly. What the kernel's own buffer had no room for
    /// nobody counts.
    public var dropped: UInt64 { progress.state.withLock { $0.dropped } }

    private let stopped: EventDescriptor
    private let progress = Progress()

    /// What the thread, which does not hold the capture, has come to.
    private final class Progress: Sendable {
        struct State {
            var dropped: UInt64 = 0
            var isEnded = false
            var waiting: [CheckedContinuation<Void, Never>] = []
        }

        let state = Lock(State())
    }

    /// Lets a device measure from now on.
    /// - Parameters:
    ///   - name: what its driver calls it.
    ///   - device: which of several with the name, as for ``KernelSensor/iio(_:at:on:)``.
    ///   - kinds: what to measure of it.
    ///   - trigger: the name of what starts every scan; nil for the device's own clock or the trigger that is set.
    ///   - length: for how many scans the kernel has room.
    ///   - devices: the folder of the device nodes.
    /// - Throws: ``SysfsError``, or why the thread cannot be started.
    public init(
        _ name: String, at device: String? = nil, kinds: Set<KernelSensor.Kind>, trigger: String? = nil,
        length: Int = 256, on sysfs: Sysfs, devices: String = "/dev"
    ) async throws {
        let setup = try await IIOScanSetup.prepare(name, device, kinds, trigger, length, devices, sysfs)
        channels = setup.channels
        do {
            stopped = try EventDescriptor()
        } catch {
            close(setup.descriptor)
            throw error
        }
        let (scans, continuation) = AsyncThrowingStream<Scan, any Error>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.capacity))
        self.scans = scans
        let descriptor = setup.descriptor
        do {
            try await sysfs.write("1", to: "\(setup.folder)/buffer/enable")
            let reader = IIOScanReader(setup: setup, stopped: stopped)
            // Nobody joins it: whoever waits for its end must not block.
            try DedicatedThread(name: setup.device) { [progress] in
                let error = reader.run { scan in
                    if case .dropped = continuation.yield(scan) { progress.state.withLock { $0.dropped &+= 1 } }
                }
                continuation.finish(throwing: error)
                // Whatever ended the capture: a device nobody reads need not measure. Before the node is free: who takes it next
                // lets it measure again.
                try? sysfs.controller.write("0", to: "\(setup.folder)/buffer/enable")
                close(descriptor)
                let waiting = progress.state.withLock { state in
                    state.isEnded = true
                    defer { state.waiting = [] }
                    return state.waiting
                }
                for continuation in waiting { continuation.resume() }
            }.detach()
        } catch {
            try? await sysfs.write("0", to: "\(setup.folder)/buffer/enable")
            close(descriptor)
            throw error
        }
    }

    deinit {
        stopped.signal()
    }

    /// Ends the scans. When this returns the device has stopped.
    public func stop() async {
        stopped.signal()
        await withCheckedContinuation { continuation in
            let isEnded = progress.state.withLock { state in
                if !state.isEnded { state.waiting.append(continuation) }
                return state.isEnded
            }
            if isEnded { continuation.resume() }
        }
    }
}

/// What of a device is measured, and how it comes.
struct IIOScanSetup {
    let device: String
    let folder: String
    let node: String
    /// Open, and this process's alone.
    let descriptor: Int32
    let channels: [KernelSensor.Channel]
    let layout: IIOScanLayout

    /// Opens the device, and chooses the channels and the trigger; the device is then still.
    static func prepare(
        _ name: String, _ device: String?, _ kinds: Set<KernelSensor.Kind>, _ trigger: String?, _ length: Int,
        _ devices: String, _ sysfs: isolated Sysfs
    ) throws(SysfsError) -> IIOScanSetup {
        let folder = try KernelSensor.find(name, device, in: "bus/iio/devices", sysfs)
        let last = folder.utf8.split(separator: UInt8(ascii: "/")).last
        let device = last.map { String(decoding: $0, as: UTF8.self) } ?? folder
        let node = "\(devices)/\(device)"
        // First: where another capture has it, that one goes on.
        let descriptor = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .failed(path: node, operation: "open", reason: systemMessage(errno))
        }
        do throws(SysfsError) {
            let (channels, layout) = try choose(kinds, trigger, length, folder, sysfs)
            return IIOScanSetup(
                device: device, folder: folder, node: node, descriptor: descriptor, channels: channels, layout: layout)
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func choose(
        _ kinds: Set<KernelSensor.Kind>, _ trigger: String?, _ length: Int, _ folder: String, _ sysfs: isolated Sysfs
    ) throws(SysfsError) -> (channels: [KernelSensor.Channel], layout: IIOScanLayout) {
        // While it runs nothing can be changed; a crash may have left it running.
        try sysfs.write("0", to: "\(folder)/buffer/enable")
        if let trigger { try setTrigger(trigger, folder, sysfs) }
        let files = try sysfs.list(folder)
        var elements: [(index: Int, channel: KernelSensor.Channel, type: IIOScanType)] = []
        for file in try sysfs.list("\(folder)/scan_elements") {
            guard let stem = KernelSensor.stem(of: file, before: "_en") else { continue }
            let element = "\(folder)/scan_elements/\(stem)"
            let channel = try IIOFile("\(stem)_raw").map { (found) throws(SysfsError) in
                try KernelSensor.iioChannel(found, "\(stem)_raw", folder, among: files, sysfs)
            }
            guard let channel, kinds.contains(channel.kind) else {
                try sysfs.write("0", to: "\(element)_en")
                continue
            }
            let text = try sysfs.read("\(element)_type")
            guard let type = IIOScanType(text) else {
                throw .malformed(path: sysfs.place("\(element)_type"), expected: "the type of a number", found: text)
            }
            elements.append((try sysfs.integer("\(element)_index"), channel, type))
            try sysfs.write("1", to: "\(element)_en")
        }
        guard !elements.isEmpty else {
            throw .invalidValue(path: sysfs.place(folder), reason: "it captures nothing of what is wanted")
        }
        elements.sort { $0.index < $1.index }
        try sysfs.write("\(max(length, 1))", to: "\(folder)/buffer/length")
        return (elements.map(\.channel), IIOScanLayout(elements.map(\.type)))
    }

    private static func setTrigger(
        _ trigger: String, _ folder: String, _ sysfs: isolated Sysfs
    ) throws(SysfsError) {
        let file = "\(folder)/trigger/current_trigger"
        try sysfs.write(trigger, to: file)
        // The kernel takes every name. With one that no trigger has, the device is left without any
        // (linux/drivers/iio/industrialio-trigger.c).
        guard try sysfs.read(file) == trigger else {
            throw .invalidValue(path: sysfs.place(file), reason: "there is no trigger \"\(trigger)\"")
        }
    }
}

/// The capture's thread.
private struct IIOScanReader: Sendable {
    let channels: [KernelSensor.Channel]
    let layout: IIOScanLayout
    let node: String
    let descriptor: Int32
    let stopped: EventDescriptor

    /// Milliseconds after which it is asked whether the device is still there: one that is gone wakes nobody
    /// (iio_buffer_poll in linux/drivers/iio/industrialio-buffer.c).
    private static let patience: Int32 = 1000

    init(setup: IIOScanSetup, stopped: EventDescriptor) {
        channels = setup.channels
        layout = setup.layout
        node = setup.node
        descriptor = setup.descriptor
        self.stopped = stopped
    }

    /// Hands on the scans until it is stopped.
    /// - Returns: why it ended by itself.
    func run(_ deliver: (IIOCapture.Scan) -> Void) -> SysfsError? {
        // The kernel gives whole scans only; a pipe of a test need not.
        var waiting: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: max(4096 / layout.size, 1) * layout.size)
        while true {
            var descriptors = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stopped.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&descriptors, 2, Self.patience)
            if ready < 0 { continue }
            if descriptors[1].revents != 0 { return nil }
            guard ready == 0 || descriptors[0].revents & Int16(POLLIN) != 0 else { return .absent(path: node) }
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && (errno == EAGAIN || errno == EINTR) { continue }
            guard count > 0 else { return .absent(path: node) }
            let time = UInt64(MonotonicClock.now)
            waiting += buffer[..<count]
            var start = 0
            while waiting.count - start >= layout.size {
                let raw = layout.values(waiting[start..<start + layout.size])
                let values = zip(channels, raw).map { $0.value(ofRaw: $1) }
                deliver(IIOCapture.Scan(values: values, time: time))
                start += layout.size
            }
            waiting.removeFirst(start)
        }
    }
}
